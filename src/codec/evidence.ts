import type { Cluster } from '../types/cluster.ts'
import type { Evidence } from '../types/evidence.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../types/log.ts'
import type { Checkpoint, Confirm, Hello, ObjectType, Share, Signed } from '../types/objects.ts'
import { ascending } from './batch.ts'
import { hasStranger, membersOf } from './bitmap.ts'
import { isOpened, leadsTo, parentNamed } from './claims.ts'
import { concatHex, keccak, utf8Hex } from './hex.ts'
import { appendLog, epochOf } from './log.ts'
import { shareValue, signOnceKey } from './objects.ts'

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
    case 'E6':
      return evidence.share
    case 'E5':
      return evidence.checkpoint
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
    case 'E5':
      return [evidence.checkpoint.hash, NIL]
    case 'E6':
      return [evidence.other.hash, evidence.share.hash]
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
    case 'E5':
      return 100
    case 'E6':
      return 20
  }
}

/**
 * Whether the objects prove what they are said to prove, by the contract's rules. That their signatures hold was checked
 * when they arrived. Of E4 and E5 only the twin can say the rest: here they hold if it is one to be asked.
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
    case 'E5':
      return isOpened(task.cluster, evidence.claim, evidence) && leadsTo(evidence.checkpoint.object, evidence)
    case 'E6':
      return evidence.other.member === member && hasTwoParents(evidence.other, evidence.share)
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

/** A vote for a value, and another root of the height before it in another object of its signer. */
export function hasTwoParents(other: Signed, { object }: Signed<Share>): boolean {
  const [first, second] = [parentNamed(other.object), parentNamed(object)]
  if (first === null || second === null) return false
  return first.height === second.height && first.parent !== second.parent
}

/** Whether the twin can be asked: a fresh vote, exactly the listed states and CLOSEs, and CONFIRMs of one round for its value. */
function isJudgeable(cluster: Cluster, evidence: Extract<Evidence, { kind: 'E4' }>): boolean {
  const { object } = evidence.share
  const { confirms } = evidence
  if (object.validRound !== -1 || !isOpened(cluster, object, evidence) || !ascending(confirms)) return false
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
