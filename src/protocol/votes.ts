import { hasStranger, membersOf } from '../codec/bitmap.ts'
import { inputsRoot, shareValue } from '../codec/objects.ts'
import type { Cluster } from '../types/cluster.ts'
import type { RoundCertificate } from '../types/frames.ts'
import type { Bitmap, Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Confirm, Hello, Share, Signed, SignedInput } from '../types/objects.ts'
import { isQuorum, weightOf, weightOfSigners } from './quorum.ts'
import type { HeightBox, ShareQuorum } from './state.ts'

const valuesKnown = new WeakMap<Share, Digest>()

/** The value a SHARE votes for. Hashed once per object: tallies ask again with every message. */
export function votedValue(share: Share): Digest {
  const known = valuesKnown.get(share)
  if (known !== undefined) return known
  const value = shareValue(share)
  valuesKnown.set(share, value)
  return value
}

/** Whether a bitmap names members only, of quorum weight. */
export function isQuorumList(cluster: Cluster, inputs: Bitmap): boolean {
  if (hasStranger(inputs, cluster.members.length)) return false
  return isQuorum(cluster, weightOf(cluster, membersOf(inputs)))
}

/**
 * Whether a SHARE may be counted: NIL with every field zero, or a value with a quorum list and a validRound below its
 * round. Anything else is malformed (docs/decisions.md, section 3).
 */
export function isWellFormedShare(cluster: Cluster, share: Share): boolean {
  if (share.inputs === 0n) {
    const digests = [share.parent, share.stateHash, share.inputsRoot, share.eventsHash]
    return digests.every((digest) => digest === NIL) && share.eventSeq === 0 && share.validRound === -1
  }
  return isQuorumList(cluster, share.inputs) && share.validRound >= -1 && share.validRound < share.round
}

/** A HELLO is a fresh list (value NIL, validRound −1) or a re-proposal (value, 0 ≤ validRound < round). */
export function isWellFormedHello(cluster: Cluster, hello: Hello): boolean {
  if (hello.round < 1 || !isQuorumList(cluster, hello.inputs)) return false
  return hello.value === NIL
    ? hello.validRound === -1
    : hello.validRound >= 0 && hello.validRound < hello.round
}

export interface ShareTally {
  /** The one (value ≠ NIL, validRound) of quorum weight, if there is one. */
  readonly winner: readonly Signed<Share>[] | null
  /** No value can reach quorum weight any more, whatever the silent members send. */
  readonly hopeless: boolean
}

/**
 * Counts the SHAREs of one round by (value, validRound). Weights are registered weights. A SHARE that follows another
 * history than `parent` is no vote for anything.
 */
export function tallyShares(
  cluster: Cluster,
  parent: Digest,
  shares: ReadonlyMap<MemberIndex, Signed<Share>>,
): ShareTally {
  const groups = new Groups<Share>(cluster)
  for (const signed of shares.values()) {
    const { parent: followed, validRound } = signed.object
    const value = votedValue(signed.object)
    if (value !== NIL && followed === parent) groups.add(value, validRound, signed)
  }
  const silent = cluster.totalWeight - weightOfSigners(cluster, shares)
  let winner: readonly Signed<Share>[] | null = null
  let hopeless = !isQuorum(cluster, silent)
  for (const { votes, weight } of groups.all) {
    if (isQuorum(cluster, weight)) winner = votes
    if (isQuorum(cluster, weight + silent)) hopeless = false
  }
  return { winner, hopeless }
}

interface Group<T extends Share | Confirm> {
  readonly value: Digest
  readonly validRound: number
  readonly votes: Signed<T>[]
  weight: number
}

/** Votes that agree. There are few groups: members of more than two thirds are honest. */
class Groups<T extends Share | Confirm> {
  readonly all: Group<T>[] = []
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  add(value: Digest, validRound: number, signed: Signed<T>): void {
    let group = this.all.find((other) => other.value === value && other.validRound === validRound)
    if (group === undefined) {
      group = { value, validRound, votes: [], weight: 0 }
      this.all.push(group)
    }
    group.votes.push(signed)
    group.weight += this.#cluster.members[signed.member]?.weight ?? 0
  }
}

/** The SHARE quorum that a winning group is. */
export function shareQuorum(group: readonly Signed<Share>[]): ShareQuorum | null {
  const first = group[0]?.object
  if (first === undefined) return null
  const { stateHash, inputsRoot, inputs, eventSeq, eventsHash } = first
  return {
    round: first.round,
    value: votedValue(first),
    content: { stateHash, inputsRoot, inputs, eventSeq, eventsHash },
    shares: [...group].sort((a, b) => a.member - b.member),
  }
}

/** The listed inputs among `candidates`, by member, if they are all there and exactly those committed to. */
export function resolve(
  list: Pick<Share, 'inputs' | 'inputsRoot'>,
  candidates: readonly SignedInput[],
): SignedInput[] | null {
  const members = membersOf(list.inputs)
  const first = new Map<MemberIndex, SignedInput>()
  for (const input of candidates) if (!first.has(input.member)) first.set(input.member, input)
  const listed = members.flatMap((member) => first.get(member) ?? [])
  if (listed.length < members.length) return null
  const root = inputsRoot(
    list.inputs,
    listed.map((input) => input.hash),
  )
  return root === list.inputsRoot ? listed : null
}

/** The CONFIRMs that ended the round before `round`: what admits a member that is behind to it. */
export function admission(box: HeightBox, round: number): RoundCertificate | null {
  const confirms = box.rounds.get(round - 1)?.confirms
  if (confirms === undefined) return null
  return { height: box.height, round: round - 1, confirms: [...confirms.values()] }
}

export interface ConfirmTally {
  /** CONFIRMs of quorum weight for one value ≠ NIL: a commit certificate. */
  readonly commit: readonly Signed<Confirm>[] | null
  /** CONFIRMs of quorum weight, whatever they say: a round certificate. */
  readonly complete: boolean
  /** A quorum says NIL. */
  readonly nil: boolean
}

const INCOMPLETE: ConfirmTally = { commit: null, complete: false, nil: false }

/** Complete tallies, with the number of votes in them: the votes of a round only become more. */
const confirmsCounted = new WeakMap<
  ReadonlyMap<MemberIndex, Signed<Confirm>>,
  { readonly votes: number; readonly tally: ConfirmTally }
>()

/** Counts the CONFIRMs of one round. Rounds are asked about with every message: what has not grown is not counted again. */
export function tallyConfirms(
  cluster: Cluster,
  confirms: ReadonlyMap<MemberIndex, Signed<Confirm>>,
): ConfirmTally {
  if (!isQuorum(cluster, weightOfSigners(cluster, confirms))) return INCOMPLETE
  const counted = confirmsCounted.get(confirms)
  if (counted?.votes === confirms.size) return counted.tally
  const tally = countConfirms(cluster, confirms)
  confirmsCounted.set(confirms, { votes: confirms.size, tally })
  return tally
}

function countConfirms(cluster: Cluster, confirms: ReadonlyMap<MemberIndex, Signed<Confirm>>): ConfirmTally {
  const groups = new Groups<Confirm>(cluster)
  for (const signed of confirms.values()) groups.add(signed.object.value, -1, signed)
  let commit: readonly Signed<Confirm>[] | null = null
  let nil = false
  for (const { value, votes, weight } of groups.all) {
    if (!isQuorum(cluster, weight)) continue
    if (value === NIL) nil = true
    else commit = votes.sort((a, b) => a.member - b.member)
  }
  return { commit, complete: true, nil }
}
