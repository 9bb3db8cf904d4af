import { appendLog } from '../codec/log.ts'
import type { NotedEntry } from '../codec/notes.ts'
import { sharedSteps } from '../protocol/phase-log.ts'
import { TRANSITIONS } from '../protocol/phases.ts'
import type { Digest } from '../types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../types/log.ts'
import type { AnchoredBatch } from './checkpoints.ts'

/** Where a log stands between two entries. */
export interface LogPoint {
  readonly status: PhaseStatus
  readonly seq: number
  readonly head: Digest
}

export interface RebuiltLog extends LogPoint {
  readonly entries: readonly LogEntry[]
}

/** Heights whose decided list holds a CLOSE: t5 and t7 follow there. */
export type ClosingHeights = ReadonlySet<number>

/** What is published about a member's log: a note, or the deciding rounds of the shared log. */
export type Reading =
  | { readonly note: readonly NotedEntry[]; readonly hints: null }
  | { readonly note: null; readonly hints: readonly number[] }

/**
 * The entries that a member would have logged over a batch: its note's where it has one, else the shared log (of the
 * hinted round without a note, of round 0 in the heights that a note leaves out).
 *
 * @param hints deciding rounds by height of the batch; only for a member without a note
 * @param byTable take `from` out of the table instead of from the entry before: what a liar would write that hides a
 *   jump. The result is not legal; it only shows whose head it is.
 */
export function rebuildLog(
  batch: AnchoredBatch,
  start: LogPoint,
  { note, hints }: Reading,
  closing: ClosingHeights,
  byTable: boolean,
): RebuiltLog {
  let { status, seq, head } = start
  const entries: LogEntry[] = []
  const add = (event: PhaseEvent, height: number, round: number, value: Digest): void => {
    const from = byTable && event !== 'RESET' ? TRANSITIONS[event].from : status
    status = event === 'RESET' ? 'INITIAL' : TRANSITIONS[event].to
    seq += 1
    const entry: LogEntry = { seq, from, event, to: status, height, round, value }
    head = appendLog(head, entry)
    entries.push(entry)
  }
  let previous = batch.previous
  for (const { height, value } of batch.heights) {
    const noted = note?.filter((entry) => entry.height === height) ?? []
    const round = hints?.[height - batch.first] ?? 0
    if (noted.length > 0) {
      for (const entry of noted) add(entry.event, height, entry.round, entry.value)
    } else {
      for (const step of sharedSteps(round, value, previous, status))
        add(step.event, height, step.round, step.value)
      if (closing.has(height)) {
        add('t5', height, round, value)
        add('t7', height, round, value)
      }
    }
    previous = value
  }
  return { status, seq, head, entries }
}
