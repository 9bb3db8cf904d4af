import { isIllegalStep } from '../codec/evidence.ts'
import { appendLog, epochOf, logStart } from '../codec/log.ts'
import type { NotedEntry } from '../codec/notes.ts'
import { decodeNotes } from '../codec/notes.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseStatus } from '../types/log.ts'
import type { Checkpoint } from '../types/objects.ts'
import { accuse } from './accuse.ts'
import { sharedSteps } from './phase-log.ts'
import { TRANSITIONS } from './phases.ts'
import type { CheckpointBox, EpochRecord } from './state.ts'
import type { Work } from './work.ts'

/** Ways in which a log can go on into an epoch, and in which a liar writes a jump: seen, or covered up. */
const READINGS = (['IDLE', 'INITIAL'] as const).flatMap((start) =>
  [false, true].map((byTable) => ({ start, byTable })),
)

/** What a member's CHECKPOINT and its note prove about its log, once this node knows the epoch's values. */
export function accuseLog(w: Work, box: CheckpointBox, member: MemberIndex): void {
  const checkpoint = box.signed.get(member)
  if (checkpoint === undefined || box.epoch === null) return
  const stray = box.strays.get(member)
  const note = notedEntries(box, box.epoch, member)
  if (note === null && stray === undefined) return
  const fold = foldOf(w, box)
  for (const reading of READINGS) {
    const entries = entriesOf(box, box.epoch, note ?? [], reading)
    const last = entries.findLastIndex((entry, i) => isIllegalStep(entries[i - 1] ?? null, entry))
    // hashing is for those who have something to answer for
    if ((last < 0 && stray === undefined) || !leadsTo(checkpoint.object, entries, fold)) continue
    const from = Math.max(0, last - 1)
    if (last >= 0) {
      const headBefore = fold(entries.slice(0, from))
      const suffix = entries.slice(from)
      accuse(w, { kind: 'E2', form: 'illegal', checkpoint, headBefore, entries: suffix })
    }
    const longer = stray === undefined ? [] : entries.slice(stray.object.logSeq)
    if (stray === undefined || longer.length === 0) continue
    const headBefore = fold(entries.slice(0, stray.object.logSeq))
    if (headBefore === stray.object.logHead) continue
    accuse(w, { kind: 'E2', form: 'forked', first: stray, second: checkpoint, headBefore, entries: longer })
  }
  if (stray === undefined || checkpoint.object.logSeq > stray.object.logSeq) return
  accuse(w, { kind: 'E2', form: 'forked', first: stray, second: checkpoint, headBefore: NIL, entries: [] })
}

type Fold = (entries: readonly LogEntry[]) => Digest

function foldOf({ s }: Work, { height }: CheckpointBox): Fold {
  const { cluster, epochHeights } = s.config
  return (entries) => entries.reduce(appendLog, logStart(cluster.id, epochOf(height, epochHeights)))
}

function leadsTo(checkpoint: Checkpoint, entries: readonly LogEntry[], fold: Fold): boolean {
  return entries.length === checkpoint.logSeq && fold(entries) === checkpoint.logHead
}

/** The entries of a member's own note, or null if it says nothing that can be read. */
function notedEntries(
  box: CheckpointBox,
  epoch: EpochRecord,
  member: MemberIndex,
): readonly NotedEntry[] | null {
  const packed = box.notes.get(member)
  if (packed === undefined) return null
  const valueOf = (height: number): Digest =>
    height < epoch.first ? epoch.previous : (epoch.values[height - epoch.first] ?? NIL)
  const [note, ...more] = decodeNotes(packed, { first: epoch.first, valueOf }) ?? []
  if (note?.member !== member || more.length > 0) return null
  return note.entries.every(({ height }) => height <= box.height) ? note.entries : null
}

/**
 * The log that a note stands for: its entries in their order, and the shared log of round 0 in the heights that it does
 * not name. `byTable` takes `from` out of the table, as a liar would write it that covers up a jump.
 */
function entriesOf(
  box: CheckpointBox,
  epoch: EpochRecord,
  note: readonly NotedEntry[],
  { start, byTable }: { readonly start: PhaseStatus; readonly byTable: boolean },
): LogEntry[] {
  const named = new Set(note.map(({ height }) => height))
  const entries: LogEntry[] = []
  let status: PhaseStatus = start
  const add = ({ event, height, round, value }: NotedEntry): void => {
    const from = byTable && event !== 'RESET' ? TRANSITIONS[event].from : status
    status = event === 'RESET' ? 'INITIAL' : TRANSITIONS[event].to
    entries.push({ seq: entries.length + 1, from, event, to: status, height, round, value })
  }
  let next = epoch.first
  const addShared = (before: number): void => {
    for (; next < before; next += 1) {
      if (named.has(next)) continue
      const value = epoch.values[next - epoch.first] ?? NIL
      const previous = next === epoch.first ? epoch.previous : (epoch.values[next - epoch.first - 1] ?? NIL)
      for (const step of sharedSteps(0, value, previous, status)) add({ ...step, height: next })
    }
  }
  for (const entry of note) {
    addShared(entry.height)
    add(entry)
  }
  addShared(box.height + 1)
  return entries
}
