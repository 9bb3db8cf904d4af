import type { RawPart } from '../codec/frames.ts'
import { appendLog, epochOf, logStart } from '../codec/log.ts'
import { encodeNote } from '../codec/notes.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Checkpoint } from '../types/objects.ts'
import type { Liar, LiarContext, Mail } from './liar.ts'
import { isToldOther, ownObjects, rewriteOwn, WRONG } from './rewrite.ts'

/** The history of other values, or another log, by turns: three CHECKPOINTs, none of which it stands behind. */
export const wrongCheckpoint: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'checkpoint') return object
      const face = (mail.to + object.height) % 3
      if (face === 0) return { ...object, root: WRONG }
      return face === 1 ? { ...object, logHead: WRONG } : { ...object, logSeq: object.logSeq + 1 }
    }),
  ],
}

/** E1: a second CHECKPOINT, over another log, for members of odd seats. Needs the end of an epoch or of the task. */
export const equivocateCheckpoint: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) =>
      object.type === 'checkpoint' && isToldOther(mail) ? { ...object, logHead: WRONG } : object,
    ),
  ],
}

/**
 * E2: the CHECKPOINT of a log in which the last t2 of the height is missing, and the note from which that log folds. The
 * same to everybody. Needs the end of an epoch or of the task, before the next one is logged.
 */
export const illegalLog: Liar = {
  rewrite: (mail, context) => {
    const [checkpoint] = ownObjects(mail, context, 'checkpoint')
    const lie = checkpoint === undefined ? null : brokenLog(checkpoint, context)
    if (lie === null) return [mail]
    const said = rewriteOwn(mail, context, (object) => (object.type === 'checkpoint' ? lie.object : object))
    const note: RawPart = { kind: 'notes', firstHeight: lie.firstHeight, note: lie.note }
    return [{ ...said, parts: [...said.parts.filter(({ kind }) => kind !== 'notes'), note] }]
  },
}

/**
 * E2: a second CHECKPOINT one height lower, as long as the one of the epoch's end and with another head: two logs of one
 * epoch, of which neither extends the other. The same to everybody. Needs the end of an epoch of two heights or more.
 * Nodes sign no CHECKPOINT inside an epoch, and keep none.
 */
export const forkedLog: Liar = {
  rewrite: (mail, context) => {
    for (const { height, parent } of ownObjects(mail, context, 'status'))
      context.memory.set(`parent/${height}`, parent)
    const forks = ownObjects(mail, context, 'checkpoint').flatMap((object): RawPart[] => {
      const { height, logSeq, inputsHash } = object
      // of the same history: another one would be another offence
      const root = context.memory.get(`parent/${height}`) as Digest | undefined
      if (root === undefined || (height - 1) % context.epochHeights === 0) return []
      const fork: Checkpoint = {
        type: 'checkpoint',
        height: height - 1,
        root,
        logSeq,
        logHead: WRONG,
        inputsHash,
      }
      return [{ kind: 'object', signed: context.sign(fork) }]
    })
    return [forks.length === 0 ? mail : addParts(mail, forks)]
  },
}

function addParts(mail: Mail, parts: readonly RawPart[]): Mail {
  return { ...mail, parts: [...mail.parts, ...parts] }
}

interface BrokenLog {
  readonly object: Checkpoint
  readonly firstHeight: number
  readonly note: Hex
}

/** The lie about one CHECKPOINT, the same whenever it is sent; null once the honest log is no longer there. */
function brokenLog(checkpoint: Checkpoint, context: LiarContext): BrokenLog | null {
  const key = `broken/${checkpoint.height}`
  const known = context.memory.get(key) as BrokenLog | undefined
  const lie = known ?? breakLog(checkpoint, context)
  if (lie !== null) context.memory.set(key, lie)
  return lie
}

function breakLog(
  checkpoint: Checkpoint,
  { cluster, epochHeights, log, self }: LiarContext,
): BrokenLog | null {
  const epoch = epochOf(checkpoint.height, epochHeights)
  const start = logStart(cluster.id, epoch)
  const entries = log().filter(
    ({ height }) => epochOf(height, epochHeights) === epoch && height <= checkpoint.height,
  )
  const gap = entries.findLastIndex(({ event }) => event === 't2')
  if (gap < 0 || entries.reduce(appendLog, start) !== checkpoint.logHead) return null
  const broken = renumbered(entries.toSpliced(gap, 1))
  const firstHeight = epoch * epochHeights + 1
  const note = encodeNote(
    { member: self, entries: broken },
    { first: firstHeight, valueOf: decidedIn(entries, firstHeight) },
  )
  const object = { ...checkpoint, logSeq: broken.length, logHead: broken.reduce(appendLog, start) }
  return { object, firstHeight, note }
}

/** Entries numbered anew, each from where the one before leads to. */
function renumbered(entries: readonly LogEntry[]): LogEntry[] {
  return entries.map((entry, i) => ({ ...entry, seq: i + 1, from: entries[i - 1]?.to ?? entry.from }))
}

/** Decided values as a log has them: what the last t6 of a height confirms; before the epoch, what it begins with. */
function decidedIn(entries: readonly LogEntry[], firstHeight: number): (height: number) => Digest {
  return (height) => {
    if (height < firstHeight) return entries[0]?.value ?? NIL
    return entries.findLast((entry) => entry.height === height && entry.event === 't6')?.value ?? NIL
  }
}
