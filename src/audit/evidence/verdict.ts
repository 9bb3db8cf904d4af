import { epochOf } from '../../codec/log.ts'
import { signingDigest } from '../../codec/objects.ts'
import type { RecoverSigner } from '../../ports/keyring.ts'
import { isQuorum } from '../../protocol/quorum.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { ObjectType } from '../../types/objects.ts'
import type { TaskParams } from '../../types/task.ts'
import type { PostedEvent } from '../ledger.ts'
import type { EvidenceCall } from './call.ts'
import type { RawLog } from './log-rules.ts'
import { illegalStep, readEntries } from './log-rules.ts'
import type { RawObject } from './raw-object.ts'
import { readObject, valueOf } from './raw-object.ts'
import { judgeReduction } from './reduction.ts'
import { judgeCheckpoint, judgeParents } from './history.ts'

/** Offences by their number in `Convicted`. */
export const OFFENCES = ['None', 'E1', 'E1b', 'E2', 'E3', 'E4', 'E5', 'E6'] as const
export type Offence = Exclude<(typeof OFFENCES)[number], 'None'>

/** What evidence proves. */
export interface Proved {
  readonly offence: Offence
  readonly height: bigint
  /** hashStruct of the objects; NIL where one is enough. */
  readonly first: Digest
  readonly second: Digest
  /** Base share of the lock, per cent. */
  readonly percent: number
  /** Why the objects cannot both come from an honest member. */
  readonly because: string
}

/** What evidence is held against. */
export interface Court {
  readonly cluster: Cluster
  readonly separator: Digest
  readonly params: TaskParams
  readonly events: readonly PostedEvent[]
  /** The state before height 1, canonical bytes; null if it is not known. */
  readonly handedOver: Uint8Array | null
  /** Heads from which known entries lead to a signed head, by the signed one: steps of proofs about long logs. */
  readonly opened: ReadonlyMap<bigint, ReadonlySet<bigint>>
  /** Roots after heights whose state is not what the reducer gives, by height: steps of proofs about CHECKPOINTs. */
  readonly refuted: ReadonlyMap<bigint, ReadonlySet<Digest>>
  /** Null if this auditor does not have it. */
  readonly reducer: AnyReducer | null
  readonly recover: RecoverSigner
}

/** Why evidence proves nothing. */
export interface Refusal {
  readonly refused: string
  /** It may prove something: the reducer that it is about is not at hand. */
  readonly isOpen?: boolean
}

/** The objects that evidence rests on, as far as they can be read. */
export function objectsOf({ cluster }: Court, call: EvidenceCall): readonly RawObject[] {
  const read = (type: bigint, ...all: Hex[]): readonly RawObject[] =>
    all.flatMap((fields) => readObject(cluster.id, type, fields) ?? [])
  switch (call.name) {
    case 'equivocation':
      return read(call.objectType, call.first, call.second)
    case 'amnesia':
      return [...read(4n, call.confirm), ...read(3n, call.share)]
    case 'openLog':
    case 'illegalLog':
    case 'wrongCheckpoint':
      return read(5n, call.checkpoint)
    case 'twoParents':
      return [...read(call.objectType, call.other), ...read(3n, call.share)]
    case 'forkedLog':
      return read(5n, call.first, call.second)
    case 'unjustifiedVote':
      return read(call.objectType, call.vote)
    case 'wrongReduction':
      return read(3n, call.share)
  }
}

type Call<N extends EvidenceCall['name']> = Extract<EvidenceCall, { name: N }>

const refuse = (refused: string): Refusal => ({ refused })

/** Judges evidence by the rules of docs/decisions.md, section 8: nothing is taken from the contract that accepted it. */
export function judgeEvidence(court: Court, call: EvidenceCall): Proved | Refusal {
  if (court.cluster.members[Number(call.member)] === undefined) return refuse('no such seat')
  switch (call.name) {
    case 'equivocation':
      return judgeEquivocation(court, call)
    case 'amnesia':
      return judgeAmnesia(court, call)
    case 'openLog':
      return refuse('a step of a proof, not a proof')
    case 'illegalLog':
      return judgeIllegalLog(court, call)
    case 'forkedLog':
      return judgeForkedLog(court, call)
    case 'unjustifiedVote':
      return judgeUnjustifiedVote(court, call)
    case 'wrongReduction': {
      const share = signedObject(court, call.member, 3n, call.share, call.signature)
      return share === null ? refuse('not signed by the accused') : judgeReduction(court, call, share)
    }
    case 'wrongCheckpoint': {
      const checkpoint = signedObject(court, call.member, 5n, call.checkpoint, call.signature)
      return checkpoint === null
        ? refuse('not signed by the accused')
        : judgeCheckpoint(court, call, checkpoint)
    }
    case 'twoParents': {
      const other = signedObject(court, call.member, call.objectType, call.other, call.otherSignature)
      const share = signedObject(court, call.member, 3n, call.share, call.shareSignature)
      return other === null || share === null
        ? refuse('not signed by the accused')
        : judgeParents(other, share)
    }
  }
}

/** The object that fields and signature stand for; null unless the member signed it. */
function signedObject(
  { cluster, separator, recover }: Court,
  member: bigint,
  type: bigint,
  fields: Hex,
  signature: Hex,
): RawObject | null {
  const object = readObject(cluster.id, type, fields)
  if (object === null) return null
  const key = cluster.members[Number(member)]?.key
  return recover(signingDigest(separator, object.hash), signature) === key ? object : null
}

const PER_ROUND: ReadonlySet<ObjectType> = new Set(['hello', 'share', 'confirm'])
const SMALL: ReadonlySet<ObjectType> = new Set(['hello', 'status', 'close'])

function judgeEquivocation(court: Court, call: Call<'equivocation'>): Proved | Refusal {
  const first = signedObject(court, call.member, call.objectType, call.first, call.firstSignature)
  const second = signedObject(court, call.member, call.objectType, call.second, call.secondSignature)
  if (first === null || second === null) return refuse('not signed by the accused')
  if (first.hash === second.hash) return refuse('the same object twice')
  const differ = (name: string): boolean => first.field(name) !== second.field(name)
  if (differ('height') || (PER_ROUND.has(first.type) && differ('round'))) return refuse('two keys')
  const { type } = first
  const height = first.field('height')
  const where = PER_ROUND.has(type) ? `height ${height}, round ${first.field('round')}` : `height ${height}`
  return {
    offence: 'E1',
    height,
    first: first.hash,
    second: second.hash,
    percent: SMALL.has(type) ? 5 : 100,
    because: `two different ${type.toUpperCase()} for ${where}: a member signs one`,
  }
}

function judgeAmnesia(court: Court, call: Call<'amnesia'>): Proved | Refusal {
  const confirm = signedObject(court, call.member, 4n, call.confirm, call.confirmSignature)
  const share = signedObject(court, call.member, 3n, call.share, call.shareSignature)
  if (confirm === null || share === null) return refuse('not signed by the accused')
  const height = confirm.field('height')
  const locked = confirm.field('value')
  const voted = valueOf(share)
  if (share.field('height') !== height) return refuse('two heights')
  if (locked === 0n || voted === 0n || voted === locked) return refuse('no other value')
  const lockRound = confirm.field('round')
  if (share.field('round') <= lockRound) return refuse('not a later round')
  if (share.field('validRound') >= lockRound) return refuse('unlocked by a later quorum')
  return {
    offence: 'E1b',
    height,
    first: confirm.hash,
    second: share.hash,
    percent: 100,
    because:
      `CONFIRM in round ${lockRound} locks its value; the SHARE of round ${share.field('round')} is for ` +
      `another one and rests on round ${share.field('validRound')}, before the lock`,
  }
}

/** The entries of a call, if they are a part of the log whose head the CHECKPOINT names. */
function stretchOf(
  { opened }: Court,
  checkpoint: RawObject,
  { headBefore, entries }: { readonly headBefore: Digest; readonly entries: Hex },
): (RawLog & { readonly isCounted: boolean }) | null {
  const log = readEntries(headBefore, entries)
  if (log === null) return null
  const signed = checkpoint.field('logHead')
  const head = BigInt(log.head)
  if (head !== signed) return opened.get(signed)?.has(head) === true ? { ...log, isCounted: true } : null
  return { ...log, isCounted: log.entries.at(-1)?.seq === checkpoint.field('logSeq') }
}

/** A step of a proof about a long log: the signed head and one from which known entries lead to it. */
export function judgeOpening(
  court: Court,
  call: Call<'openLog'>,
): { readonly checkpoint: RawObject; readonly head: Digest } | Refusal {
  const checkpoint = signedObject(court, call.member, 5n, call.checkpoint, call.signature)
  if (checkpoint === null) return refuse('not signed by the accused')
  const log = stretchOf(court, checkpoint, call)
  return log === null ? refuse('not the signed log') : { checkpoint, head: log.firstHead }
}

function judgeIllegalLog(court: Court, call: Call<'illegalLog'>): Proved | Refusal {
  const checkpoint = signedObject(court, call.member, 5n, call.checkpoint, call.signature)
  if (checkpoint === null) return refuse('not signed by the accused')
  const log = stretchOf(court, checkpoint, call)
  if (log === null) return refuse('not the signed log')
  const because =
    illegalStep(log.entries) ?? (log.isCounted ? null : 'logSeq is not the number of the last entry')
  if (because === null) return refuse('every step is legal')
  const height = checkpoint.field('height')
  return { offence: 'E2', height, first: checkpoint.hash, second: NIL, percent: 5, because }
}

function judgeForkedLog(court: Court, call: Call<'forkedLog'>): Proved | Refusal {
  const first = signedObject(court, call.member, 5n, call.first, call.firstSignature)
  const second = signedObject(court, call.member, 5n, call.second, call.secondSignature)
  if (first === null || second === null) return refuse('not signed by the accused')
  const epoch = (object: RawObject): number =>
    epochOf(Number(object.field('height')), court.params.epochHeights)
  if (epoch(first) !== epoch(second)) return refuse('two epochs')
  if (first.field('height') >= second.field('height')) return refuse('not in order')
  const proved = (because: string): Proved => ({
    offence: 'E2',
    height: second.field('height'),
    first: first.hash,
    second: second.hash,
    percent: 5,
    because,
  })
  const start = first.field('logSeq')
  if (second.field('logSeq') <= start) {
    if (call.entries !== '0x') return refuse('entries of a log that is not longer')
    return proved('the log of the later height is not longer')
  }
  const log = stretchOf(court, second, call)
  if (log === null) return refuse('not the signed log')
  const gapless = log.entries.every(({ seq }, i) => seq === start + 1n + BigInt(i))
  if (!gapless || !log.isCounted) return refuse('not the entries between')
  if (BigInt(call.headBefore) === first.field('logHead')) return refuse('the second log extends the first')
  return proved(`two logs that part at or before entry ${start}`)
}

function judgeUnjustifiedVote(court: Court, call: Call<'unjustifiedVote'>): Proved | Refusal {
  if (call.objectType !== 1n && call.objectType !== 3n) return refuse('not a HELLO or SHARE')
  const vote = signedObject(court, call.member, call.objectType, call.vote, call.signature)
  if (vote === null) return refuse('not signed by the accused')
  const [round, validRound] = [vote.field('round'), vote.field('validRound')]
  const proved = (because: string): Proved => ({
    offence: 'E3',
    height: vote.field('height'),
    first: vote.hash,
    second: NIL,
    percent: 1,
    because,
  })
  if (validRound < -1n || validRound >= round)
    return proved(`validRound ${validRound} is no round before its own, ${round}`)
  if (validRound !== -1n) return refuse('not fresh')
  const inputs = vote.field('inputs')
  if (vote.type === 'share' && inputs === 0n) return refuse('a NIL vote')
  const { members } = court.cluster
  const strangers = inputs >> BigInt(members.length)
  const listed = members.filter(({ index }) => ((inputs >> BigInt(index)) & 1n) === 1n)
  const weight = listed.reduce((sum, member) => sum + member.weight, 0)
  if (strangers === 0n && isQuorum(court.cluster, weight)) return refuse('a list of quorum weight')
  const because =
    strangers === 0n
      ? `its list weighs ${weight} of ${court.cluster.totalWeight}, no quorum`
      : 'its list names a seat that does not exist'
  return proved(because)
}
