import { decode, encode } from '@ipld/dag-cbor'
import type { Cluster } from '../types/cluster.ts'
import type { Evidence, EvidenceKind, ListedInput } from '../types/evidence.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../types/log.ts'
import type {
  Checkpoint,
  Close,
  Confirm,
  Hello,
  ObjectType,
  Share,
  Signed,
  SignedInput,
} from '../types/objects.ts'
import { ascending } from './batch.ts'
import { bitmapOf, hasStranger, membersOf } from './bitmap.ts'
import { decodeSigned, encodeSigned } from './frames.ts'
import { concatHex, equalBytes, fromHex, keccak, toHex, utf8Hex } from './hex.ts'
import { appendLog, decodeLogEntry, encodeLogEntry, epochOf } from './log.ts'
import { hashObject, inputsRoot, shareValue, signOnceKey } from './objects.ts'

/** What the rules have to know of a task. */
export interface JudgedTask {
  readonly cluster: Cluster
  /** R: heights per epoch. */
  readonly epochHeights: number
}

/** The object that the accused should not have signed, the later one of two. */
export function convictingObject(evidence: Evidence): Signed {
  switch (evidence.kind) {
    case 'E1':
      return evidence.second
    case 'E1b':
    case 'E4':
      return evidence.share
    case 'E2':
      return evidence.form === 'illegal' ? evidence.checkpoint : evidence.second
    case 'E3':
      return evidence.vote
  }
}

export function accusedOf(evidence: Evidence): MemberIndex {
  return convictingObject(evidence).member
}

/** Height of the objects; of the later one if they differ. */
export function heightOf(evidence: Evidence): number {
  const { object } = convictingObject(evidence)
  return 'height' in object ? object.height : 0
}

/** The two hashStructs that name a proof; NIL where one object is enough. */
export function hashesOf(evidence: Evidence): readonly [Digest, Digest] {
  switch (evidence.kind) {
    case 'E1':
      return [evidence.first.hash, evidence.second.hash]
    case 'E1b':
      return [evidence.confirm.hash, evidence.share.hash]
    case 'E2':
      return evidence.form === 'illegal'
        ? [evidence.checkpoint.hash, NIL]
        : [evidence.first.hash, evidence.second.hash]
    case 'E3':
      return [evidence.vote.hash, NIL]
    case 'E4':
      return [evidence.share.hash, NIL]
  }
}

/** Identity of a proof: kind, accused and objects. The order in which two objects were found does not matter. */
export function evidenceId(evidence: Evidence): Digest {
  const hashes = [...hashesOf(evidence)].sort()
  return keccak(concatHex(utf8Hex(`${evidence.kind}/${accusedOf(evidence)}`), ...hashes))
}

const EQUIVOCATION_PERCENT: Record<ObjectType, number> = {
  hello: 5,
  status: 5,
  share: 100,
  confirm: 100,
  checkpoint: 100,
  close: 0,
}

/** Base share of the lock that a proof takes, 0 … 100 (docs/decisions.md, section 8). */
export function basePercent(cluster: Cluster, evidence: Evidence): number {
  switch (evidence.kind) {
    case 'E1':
      return EQUIVOCATION_PERCENT[evidence.second.object.type]
    case 'E1b':
      return 100
    case 'E2':
      return 5
    case 'E3':
      return 1
    case 'E4': {
      const misled = weightOf(cluster, new Set(evidence.confirms.map(({ member }) => member)))
      return Math.floor(20 + (80 * misled) / cluster.totalWeight)
    }
  }
}

/**
 * Whether the objects prove what they are said to prove, by the contract's rules. That their signatures hold was checked
 * when they arrived. Of E4 only the twin can say the rest: here it holds if it is one to be asked.
 */
export function isProof(task: JudgedTask, evidence: Evidence): boolean {
  const member = accusedOf(evidence)
  if (task.cluster.members[member] === undefined) return false
  switch (evidence.kind) {
    case 'E1':
      return evidence.first.member === member && isEquivocation(evidence.first, evidence.second)
    case 'E1b':
      return evidence.confirm.member === member && isAmnesia(evidence.confirm.object, evidence.share.object)
    case 'E2':
      return evidence.form === 'illegal'
        ? provesIllegal(evidence.checkpoint.object, evidence.headBefore, evidence.entries)
        : evidence.first.member === member && provesFork(task, evidence)
    case 'E3':
      return isUnjustified(task.cluster, evidence.vote.object)
    case 'E4':
      return isJudgeable(task.cluster, evidence)
  }
}

/** Two different objects for one sign-once key. */
export function isEquivocation(first: Signed, second: Signed): boolean {
  return first.hash !== second.hash && signOnceKey(first.object) === signOnceKey(second.object)
}

/** CONFIRM(v, r), then a vote for something else in a later round without a quorum from r or later. */
export function isAmnesia(confirm: Confirm, share: Share): boolean {
  if (confirm.height !== share.height || share.round <= confirm.round || share.validRound >= confirm.round)
    return false
  const value = shareValue(share)
  return confirm.value !== NIL && value !== NIL && value !== confirm.value
}

/**
 * A vote or list whose validRound is no round before its own, or a fresh one that names a seat that does not exist, or too
 * few members. NIL names nobody.
 */
export function isUnjustified(cluster: Cluster, vote: Share | Hello): boolean {
  if (vote.validRound < -1 || vote.validRound >= vote.round) return true
  if (vote.validRound !== -1 || (vote.type === 'share' && vote.inputs === 0n)) return false
  if (hasStranger(vote.inputs, cluster.members.length)) return true
  return 3 * weightOf(cluster, membersOf(vote.inputs)) <= 2 * cluster.totalWeight
}

/** Legal triples: RESET leads from anywhere to INITIAL. */
const LEGAL: Readonly<Record<Exclude<PhaseEvent, 'RESET'>, readonly [PhaseStatus, PhaseStatus]>> = {
  t1: ['INITIAL', 'DEBATE'],
  t2: ['DEBATE', 'IDLE'],
  t3: ['IDLE', 'DEBATE'],
  t4: ['IDLE', 'SHARE'],
  t5: ['IDLE', 'CLOSE'],
  t6: ['SHARE', 'IDLE'],
  t7: ['CLOSE', 'IDLE'],
}

/** Whether an entry is no transition, or does not follow the entry before, if that is known. */
export function isIllegalStep(before: LogEntry | null, entry: LogEntry): boolean {
  const { from, event, to, seq, height, round } = entry
  const legal = event === 'RESET' ? to === 'INITIAL' : LEGAL[event][0] === from && LEGAL[event][1] === to
  if (!legal || before === null) return !legal
  const falls = height < before.height || (height === before.height && round < before.round)
  return falls || seq !== before.seq + 1 || from !== before.to
}

function foldsTo(entries: readonly LogEntry[], from: Digest, { logHead }: Checkpoint): boolean {
  return entries.reduce(appendLog, from) === logHead
}

function provesIllegal(checkpoint: Checkpoint, headBefore: Digest, entries: readonly LogEntry[]): boolean {
  if (entries.length === 0) return false
  const isCounted = entries.at(-1)?.seq === checkpoint.logSeq
  const isIllegal = !isCounted || entries.some((entry, i) => isIllegalStep(entries[i - 1] ?? null, entry))
  return isIllegal && foldsTo(entries, headBefore, checkpoint)
}

function provesFork(
  { epochHeights }: JudgedTask,
  { first, second, headBefore, entries }: Extract<Evidence, { form: 'forked' }>,
): boolean {
  const [before, after] = [first.object, second.object]
  if (before.height >= after.height) return false
  if (epochOf(before.height, epochHeights) !== epochOf(after.height, epochHeights)) return false
  if (after.logSeq <= before.logSeq) return entries.length === 0
  if (entries.length !== after.logSeq - before.logSeq) return false
  const isGapless = entries.every(({ seq }, i) => seq === before.logSeq + 1 + i)
  return isGapless && headBefore !== before.logHead && foldsTo(entries, headBefore, after)
}

/** A list as E4 brings it. */
export type BroughtList = Pick<Extract<Evidence, { kind: 'E4' }>, 'inputs' | 'closes'>

/** Signed inputs with their states, and the CLOSEs; null if a state is missing. */
export function broughtList(
  list: readonly SignedInput[],
  bodies: ReadonlyMap<Digest, Uint8Array>,
): BroughtList | null {
  const inputs: ListedInput[] = []
  const closes: Signed<Close>[] = []
  for (const { object, ...signed } of list) {
    if (object.type === 'close') {
      closes.push({ ...signed, object })
      continue
    }
    const state = bodies.get(object.stateHash)
    if (state === undefined) return null
    inputs.push({ status: { ...signed, object }, state })
  }
  return { inputs, closes }
}

/** Whether the twin can be asked: a fresh vote, exactly the listed states and CLOSEs, and CONFIRMs of one round for its value. */
function isJudgeable(cluster: Cluster, evidence: Extract<Evidence, { kind: 'E4' }>): boolean {
  const { object } = evidence.share
  const { inputs, closes, confirms } = evidence
  if (object.inputs === 0n || object.validRound !== -1) return false
  const listed = [...inputs.map(({ status }): Signed => status), ...closes].sort(
    (a, b) => a.member - b.member,
  )
  if (!ascending(listed) || bitmapOf(listed.map(({ member }) => member)) !== object.inputs) return false
  if (listed.some(({ member }) => cluster.members[member] === undefined)) return false
  const root = inputsRoot(
    object.inputs,
    listed.map(({ hash }) => hash),
  )
  const isListed = inputs.every(
    ({ status, state }) =>
      status.object.height === object.height &&
      status.object.parent === object.parent &&
      status.object.stateHash === keccak(state),
  )
  if (root !== object.inputsRoot || !isListed || !ascending(confirms)) return false
  const value = shareValue(object)
  return confirms.every(
    ({ object: confirm }) =>
      confirm.value === value &&
      confirm.height === object.height &&
      confirm.round === confirms[0]?.object.round,
  )
}

function weightOf(cluster: Cluster, members: Iterable<MemberIndex>): number {
  let weight = 0
  for (const member of members) weight += cluster.members[member]?.weight ?? 0
  return weight
}

/** Bytes of a piece of evidence as a store keeps it. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const entries = (list: readonly LogEntry[]): Uint8Array[] =>
    list.map((entry) => fromHex(encodeLogEntry(entry)))
  switch (evidence.kind) {
    case 'E1':
      return encode(['E1', encodeSigned(evidence.first), encodeSigned(evidence.second)])
    case 'E1b':
      return encode(['E1b', encodeSigned(evidence.confirm), encodeSigned(evidence.share)])
    case 'E2':
      return evidence.form === 'illegal'
        ? encode([
            'E2',
            encodeSigned(evidence.checkpoint),
            fromHex(evidence.headBefore),
            entries(evidence.entries),
          ])
        : encode([
            'E2',
            encodeSigned(evidence.first),
            encodeSigned(evidence.second),
            fromHex(evidence.headBefore),
            entries(evidence.entries),
          ])
    case 'E3':
      return encode(['E3', encodeSigned(evidence.vote)])
    case 'E4':
      return encode([
        'E4',
        encodeSigned(evidence.share),
        evidence.inputs.map(({ status, state }) => [encodeSigned(status), state]),
        evidence.closes.map(encodeSigned),
        evidence.confirms.map(encodeSigned),
      ])
  }
}

/** The evidence about members of `cluster`, or null for bytes that `encodeEvidence` would not have written. Never throws. */
export function decodeEvidence(cluster: Digest, bytes: Uint8Array): Evidence | null {
  try {
    const evidence = readEvidence(cluster, decode<unknown>(bytes))
    return equalBytes(encodeEvidence(evidence), bytes) ? evidence : null
  } catch {
    return null // the CBOR decoder throws on malformed input, and so do the readers below
  }
}

class Malformed extends Error {}

function readEvidence(cluster: Digest, value: unknown): Evidence {
  const [kind, ...fields] = listOf(value)
  const [a, b, c, d] = fields
  const signed = <T extends ObjectType>(field: unknown, ...types: T[]): SignedAs<T> =>
    readSigned(cluster, field, types)
  switch (kind as EvidenceKind) {
    case 'E1':
      return { kind: 'E1', first: signed(a, ...ANY), second: signed(b, ...ANY) }
    case 'E1b':
      return { kind: 'E1b', confirm: signed(a, 'confirm'), share: signed(b, 'share') }
    case 'E2':
      if (fields.length === 3) {
        const checkpoint = signed(a, 'checkpoint')
        return { kind: 'E2', form: 'illegal', checkpoint, headBefore: readDigest(b), entries: readEntries(c) }
      }
      return {
        kind: 'E2',
        form: 'forked',
        first: signed(a, 'checkpoint'),
        second: signed(b, 'checkpoint'),
        headBefore: readDigest(c),
        entries: readEntries(d),
      }
    case 'E3':
      return { kind: 'E3', vote: signed(a, 'share', 'hello') as Signed<Share> | Signed<Hello> }
    case 'E4':
      return {
        kind: 'E4',
        share: signed(a, 'share'),
        inputs: listOf(b).map((input): ListedInput => {
          const [status, state] = listOf(input)
          return { status: signed(status, 'status'), state: bytesOf(state) }
        }),
        closes: listOf(c).map((close) => signed(close, 'close')),
        confirms: listOf(d).map((confirm) => signed(confirm, 'confirm')),
      }
    default:
      throw new Malformed()
  }
}

type SignedAs<T extends ObjectType> = Signed<Extract<Signed['object'], { type: T }>>
const ANY: ObjectType[] = ['hello', 'status', 'share', 'confirm', 'checkpoint']

function readSigned<T extends ObjectType>(cluster: Digest, field: unknown, types: readonly T[]): SignedAs<T> {
  const found = decodeSigned(bytesOf(field))
  if (found === null || !types.some((type) => type === found.object.type)) throw new Malformed()
  return { ...found, hash: hashObject(cluster, found.object) } as SignedAs<T>
}

function readEntries(field: unknown): LogEntry[] {
  return listOf(field).map((entry) => {
    const found = decodeLogEntry(toHex(bytesOf(entry)))
    if (found === null) throw new Malformed()
    return found
  })
}

function readDigest(field: unknown): Digest {
  const bytes = bytesOf(field)
  if (bytes.length !== 32) throw new Malformed()
  return toHex(bytes)
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Malformed()
  return value as unknown[]
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Malformed()
  return value
}
