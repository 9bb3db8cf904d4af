/** Every accusation that what honest members signed could carry as it is. */
import { bitmapOf, membersOf } from '../../src/codec/bitmap.ts'
import { claimOf } from '../../src/codec/claims.ts'
import { concatHex, toHex } from '../../src/codec/hex.ts'
import { appendLog, encodeLogEntry } from '../../src/codec/log.ts'
import { TYPE_NUMBERS, hashObject, inputsRoot } from '../../src/codec/objects.ts'
import type { Digest, Hex, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { Checkpoint, ObjectType, Share } from '../../src/types/objects.ts'
import type { Proof } from './evidence.ts'
import type { HonestMember, Piece, SignedLog, Transcript } from './transcript.ts'
import { NOTHING_BEFORE, packEvents } from './provable.ts'

const TYPES: readonly ObjectType[] = ['hello', 'status', 'share', 'confirm', 'checkpoint']

export const packLog = (entries: readonly LogEntry[]): Hex => concatHex(...entries.map(encodeLogEntry))
const of = (member: HonestMember, type: ObjectType): readonly Piece[] =>
  member.pieces.filter((piece) => piece.type === type)
const brought = (...pieces: readonly Piece[]): Hex[] =>
  pieces.flatMap(({ fields, signature }) => [fields, signature])

/**
 * All pairs of one member's objects as E1, E1b and E6, all logs and pairs of logs as E2, all votes as E3, E4 and the step of E5,
 * all CHECKPOINTs as E5.
 */
export function accusations(t: Transcript): Proof[] {
  return t.members.flatMap((member) => [
    ...equivocations(t, member),
    ...amnesias(t, member),
    ...illegalLogs(t, member),
    ...forkedLogs(t, member),
    ...unjustifiedVotes(t, member),
    ...of(member, 'share').map((share) => wrongReduction(t, member.index, share)),
    ...of(member, 'share').flatMap((share) => refutation(t, share.object as Share)),
    ...wrongCheckpoints(t, member),
    ...parents(t, member),
  ])
}

function equivocations({ story }: Transcript, member: HonestMember): Proof[] {
  return TYPES.flatMap((type) => {
    const pieces = of(member, type)
    return pieces.flatMap((first, i) =>
      pieces.slice(i).map((second): Proof => {
        const args = [story.taskId, member.index, TYPE_NUMBERS[type], ...brought(first, second)]
        return { name: 'equivocation', args }
      }),
    )
  })
}

function amnesias({ story }: Transcript, member: HonestMember): Proof[] {
  return of(member, 'confirm').flatMap((confirm) =>
    of(member, 'share').map((share): Proof => {
      return { name: 'amnesia', args: [story.taskId, member.index, ...brought(confirm, share)] }
    }),
  )
}

const headAfter = ({ start, entries }: SignedLog, count: number): Digest =>
  entries.slice(0, count).reduce(appendLog, start)

/** With the true head before: the whole log, its ends, and single entries. */
function illegalLogs({ story }: Transcript, { index, logs }: HonestMember): Proof[] {
  return logs.flatMap((log) => {
    const { length } = log.entries
    const cuts = [...new Set([0, 1, length >> 1, length - 1])]
    return cuts.map((cut): Proof => {
      const entries = packLog(log.entries.slice(cut))
      const args = [story.taskId, index, ...brought(log.checkpoint), headAfter(log, cut), entries]
      return { name: 'illegalLog', args }
    })
  })
}

/** With the true head and the entries between, and with the whole of the second log. */
function forkedLogs({ story }: Transcript, { index, logs }: HonestMember): Proof[] {
  return logs.flatMap((first) =>
    logs.flatMap((second) =>
      [...new Set([0, first.entries.length])].map((cut): Proof => {
        const objects = brought(first.checkpoint, second.checkpoint)
        const proof = [headAfter(second, cut), packLog(second.entries.slice(cut))]
        return { name: 'forkedLog', args: [story.taskId, index, ...objects, ...proof] }
      }),
    ),
  )
}

function unjustifiedVotes({ story }: Transcript, member: HonestMember): Proof[] {
  return [...of(member, 'share'), ...of(member, 'hello')].map((vote): Proof => {
    const args = [story.taskId, member.index, TYPE_NUMBERS[vote.type], ...brought(vote)]
    return { name: 'unjustifiedVote', args }
  })
}

/** The height that a vote for a value claims, with its true states; nothing of NIL. */
export function refutation(t: Transcript, share: Share): Proof[] {
  if (share.inputs === 0n) return []
  const listed = listedBy(t, share)
  const events = packEvents(t.events.slice(0, share.eventSeq))
  const list = [t.params, listed, closesOf(t, share, listed), events, NOTHING_BEFORE]
  return [{ name: 'refute', args: [t.story.taskId, claimOf(share), [], ...list] }]
}

/** A member's own CHECKPOINT as one of a refuted history: of its own root, and of one that another height leads to. */
function wrongCheckpoints({ story }: Transcript, member: HonestMember): Proof[] {
  return of(member, 'checkpoint').map((piece): Proof => {
    const { height, root } = piece.object as Checkpoint
    const args = [story.taskId, member.index, ...brought(piece), height, root, []]
    return { name: 'wrongCheckpoint', args }
  })
}

/** Every vote with every object of its signer that names a parent. */
function parents({ story }: Transcript, member: HonestMember): Proof[] {
  const named = [...of(member, 'status'), ...of(member, 'share'), ...of(member, 'checkpoint')]
  return of(member, 'share').flatMap((share) =>
    named.map((other): Proof => {
      const args = [story.taskId, member.index, TYPE_NUMBERS[other.type], ...brought(other, share)]
      return { name: 'twoParents', args }
    }),
  )
}

/** A vote with the states and CLOSEs behind its list, the ledger events it has seen, and all CONFIRMs of its value. */
export function wrongReduction(t: Transcript, member: MemberIndex, piece: Piece): Proof {
  const share = piece.object as Share
  const inputs = listedBy(t, share)
  const events = packEvents(t.events.slice(0, share.eventSeq))
  const confirms = t.members.flatMap(({ index, pieces }) => {
    const found = pieces.find(
      ({ object }) =>
        object.type === 'confirm' && object.height === share.height && object.round === share.round,
    )
    return found === undefined ? [] : [{ index, signature: found.signature }]
  })
  const confirmers = {
    round: share.round,
    members: bitmapOf(confirms.map(({ index }) => index)),
    signatures: concatHex(...confirms.map(({ signature }) => signature)),
  }
  const list = [t.params, inputs, closesOf(t, share, inputs)]
  const args = [t.story.taskId, member, ...brought(piece), ...list, events, confirmers, NOTHING_BEFORE]
  return { name: 'wrongReduction', args }
}

/** A listed STATUS with its state; nothing for a member that had left. */
export interface Listed {
  readonly member: MemberIndex
  readonly eventSeq: number | bigint
  readonly state: Hex
}

/** Signatures of the CLOSEs of those in the list who bring no state. */
function closesOf(t: Transcript, { inputs }: Share, listed: readonly Listed[]): Hex {
  const leaving = membersOf(inputs).filter((index) => !listed.some(({ member }) => member === index))
  const closes = leaving.flatMap(
    (index) => t.members[index]?.pieces.filter(({ type }) => type === 'close').slice(0, 1) ?? [],
  )
  return concatHex(...closes.map(({ signature }) => signature))
}

/** A member that leaves may have signed a STATUS too: whether that is what the list holds, the root says. */
function listedBy(t: Transcript, { inputs, inputsRoot: root, height }: Share): Listed[] {
  const found = membersOf(inputs).map((index) => {
    const pieces = t.members[index]?.pieces ?? []
    const status = pieces.find(({ object }) => object.type === 'status' && object.height === height)?.object
    return { index, pieces, status: status?.type === 'status' ? status : null }
  })
  const hashes = found.map(({ status }) => (status === null ? NIL : hashObject(t.court.cluster.id, status)))
  const hasLeft = inputsRoot(inputs, hashes) !== root
  return found.flatMap(({ index, pieces, status }) => {
    if (status === null || (hasLeft && pieces.some(({ type }) => type === 'close'))) return []
    return [{ member: index, eventSeq: status.eventSeq, state: toHex(t.stateOf(index, height)) }]
  })
}
