import { membersOf } from '../../codec/bitmap.ts'
import { concatHex, fromHex, keccak, uint } from '../../codec/hex.ts'
import { hashObject, inputsRoot, signingDigest } from '../../codec/objects.ts'
import { weightOf } from '../../protocol/quorum.ts'
import { isValidInput, runReducer } from '../../reducers/run.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { PostedEvent } from '../ledger.ts'
import { splitSignatures } from '../signatures.ts'
import type { EvidenceCall, Opened, RawClaim } from './call.ts'
import type { RawObject } from './raw-object.ts'
import { valueOf } from './raw-object.ts'
import type { Court, Proved, Refusal } from './verdict.ts'

/** What a claim is held against. */
export type JudgedBy = Omit<Court, 'opened' | 'refuted'>
type Call = Extract<EvidenceCall, { name: 'wrongReduction' }>

/** E4: the reducer over the list that a fresh SHARE names, and how many members the wrong value misled. */
export function judgeReduction(court: Court, call: Call, share: RawObject): Proved | Refusal {
  if (share.field('validRound') !== -1n) return { refused: 'not fresh' }
  if (share.field('inputs') === 0n) return { refused: 'a NIL vote' }
  const digest = (name: string): Digest => digestOf(share.field(name))
  const wrong = judgeClaim(court, call, {
    height: share.field('height'),
    parent: digest('parent'),
    stateHash: digest('stateHash'),
    inputsRoot: digest('inputsRoot'),
    inputs: share.field('inputs'),
    eventSeq: share.field('eventSeq'),
    eventsHash: digest('eventsHash'),
  })
  if ('refused' in wrong) return wrong
  const misled = confirmers(court, call, share)
  if (misled === null) return { refused: 'a CONFIRM that is not by its member' }
  const { totalWeight } = court.cluster
  const percent = Math.floor(20 + (80 * weightOf(court.cluster, misled)) / totalWeight)
  const { because } = wrong
  const height = share.field('height')
  return { offence: 'E4', height, first: share.hash, second: NIL, percent, because }
}

/** Whether the reducer gives another state than a claim, and what. */
export function judgeClaim(court: JudgedBy, call: Opened, claim: RawClaim): { because: string } | Refusal {
  if (claim.inputs === 0n) return { refused: 'no list' }
  const leaving = leaversOf(court, call, claim)
  if (leaving === null) return { refused: 'not the list that was voted for' }
  if (!haveClosed(court, call, leaving)) return { refused: 'a CLOSE that is not by its member' }
  return whatIsWrong(court, call, claim, leaving.length > 0)
}

/** Listed seats that brought no state, which stand for a CLOSE each; null unless the states are the others of the list. */
function leaversOf(
  { cluster }: JudgedBy,
  { inputs }: Opened,
  claim: RawClaim,
): readonly MemberIndex[] | null {
  const isCountable = [claim.height, ...inputs.map(({ eventSeq }) => eventSeq)].every(
    (value) => value <= BigInt(Number.MAX_SAFE_INTEGER),
  )
  const list = membersOf(claim.inputs)
  const brought = new Map(inputs.map((input) => [Number(input.member), input]))
  const isAscending = inputs.every(({ member }, i) => member > (inputs[i - 1]?.member ?? -1n))
  if (!isCountable || !isAscending || [...brought.keys()].some((member) => !list.includes(member)))
    return null
  const hashes = list.map((member) => {
    const input = brought.get(member)
    if (input === undefined) return hashObject(cluster.id, { type: 'close' })
    return hashObject(cluster.id, {
      type: 'status',
      height: Number(claim.height),
      parent: claim.parent,
      stateHash: keccak(input.state),
      eventSeq: Number(input.eventSeq),
    })
  })
  if (inputsRoot(claim.inputs, hashes) !== claim.inputsRoot) return null
  return list.filter((member) => !brought.has(member))
}

function digestOf(word: bigint): Digest {
  return `0x${word.toString(16).padStart(64, '0')}`
}

/** Whether each of them has signed its CLOSE, and nobody else's signature is attached. */
function haveClosed(
  { cluster, separator, recover }: JudgedBy,
  { closes }: Opened,
  leaving: readonly MemberIndex[],
): boolean {
  const signatures = splitSignatures(closes)
  const digest = signingDigest(separator, hashObject(cluster.id, { type: 'close' }))
  const areSound = leaving.every((member, i) => {
    const key = cluster.members[member]?.key
    return key !== undefined && recover(digest, signatures[i] ?? '0x') === key
  })
  return areSound && signatures.length === leaving.length
}

function whatIsWrong(
  court: JudgedBy,
  { inputs, before }: Opened,
  claim: RawClaim,
  closing: boolean,
): { because: string } | Refusal {
  const { reducer, params, cluster, events, handedOver } = court
  if (reducer === null) return { refused: 'the reducer is not known here', isOpen: true }
  const options = { find: () => reducer, stateBytesMax: params.stateCap, inputBytesMax: params.inputCap }
  const listed = inputs.map(({ member, state }) => ({ member: Number(member), state: fromHex(state) }))
  const eventsHash = eventsHashAt(events, claim.eventSeq)
  if (eventsHash === null || eventsHash !== BigInt(claim.eventsHash))
    return { refused: 'other ledger events' }
  const seen = events.filter(({ seq }) => BigInt(seq) <= claim.eventSeq)
  const isFirst = claim.height === 1n
  const isHanded = params.usesPrevious && !isFirst
  if (params.usesPrevious && isFirst && handedOver === null)
    return { refused: 'what height 1 was handed is not known' }
  if (isHanded && rootOf(before) !== claim.parent) return { refused: 'not the height before' }
  const bad = listed.find(({ state }) => !isValidInput(reducer.id, params.reducerParams, state, options))
  if (bad !== undefined) return { because: `${reducer.id} refuses the listed state of member ${bad.member}` }
  const call = {
    reducer: reducer.id,
    params: params.reducerParams,
    context: {
      seed: cluster.seed,
      height: Number(claim.height),
      members: cluster.members,
      previous: params.usesPrevious ? (isHanded ? fromHex(before.state) : handedOver) : null,
      events: seen.map(({ seq, kind, data }) => ({ seq, kind, data })),
    },
    closing,
    inputs: listed,
  }
  const result = runReducer(call, options)
  if (!result.ok) return { refused: `${reducer.id}: ${result.code}` }
  const right = keccak(result.state)
  if (right === claim.stateHash) return { refused: 'the reduction is right' }
  return { because: `${reducer.id} gives ${right} for that list` }
}

/** Root after the height before, as it is brought. */
function rootOf(before: Opened['before']): Digest {
  return rootAfterClaim({ ...before, parent: before.root, stateHash: keccak(before.state) })
}

/** `keccak(parent ‖ keccak(stateHash ‖ inputsRoot ‖ u256 inputs ‖ u64 eventSeq ‖ eventsHash))` */
export function rootAfterClaim(claim: Omit<RawClaim, 'height'>): Digest {
  const { parent, stateHash, inputsRoot: root, inputs, eventSeq, eventsHash } = claim
  const value = keccak(concatHex(stateHash, root, uint(inputs, 32), uint(eventSeq, 8), eventsHash))
  return keccak(concatHex(parent, value))
}

/** Rolling hash of the events up to one of them; null if there is no such event. */
function eventsHashAt(events: readonly PostedEvent[], seq: bigint): bigint | null {
  if (seq === 0n) return 0n
  const last = events.find((event) => BigInt(event.seq) === seq)
  return last === undefined ? null : BigInt(last.eventsHash)
}

/** Members whose CONFIRM for the same value is attached; null if a signature is not its member's. */
function confirmers(
  { cluster, separator, recover }: Court,
  { confirmers: given }: Call,
  share: RawObject,
): readonly MemberIndex[] | null {
  const signers = cluster.members.filter(({ index }) => ((given.members >> BigInt(index)) & 1n) === 1n)
  if (given.members >> BigInt(cluster.members.length) !== 0n) return null
  const signatures = splitSignatures(given.signatures)
  const value = digestOf(valueOf(share))
  const hash = hashObject(cluster.id, {
    type: 'confirm',
    height: Number(share.field('height')),
    round: Number(given.round),
    value,
  })
  const digest = signingDigest(separator, hash)
  const sound = signers.every(({ key }, i) => recover(digest, signatures[i] ?? '0x') === key)
  return sound && signatures.length === signers.length ? signers.map(({ index }) => index) : null
}
