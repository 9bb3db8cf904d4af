import { appendLog, epochOf, logStart } from '../codec/log.ts'
import { invariant } from '../types/errors.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { LogEntry, PhaseEvent, PhaseStatus } from '../types/log.ts'
import { nextStatus } from './phases.ts'

/** Where a node's phase log stands: its status, and the head of the running epoch's hash chain. */
export interface LogState {
  readonly status: PhaseStatus
  readonly epoch: number
  readonly seq: number
  readonly head: Digest
  readonly height: number
  readonly round: number
}

export interface LogPosition {
  readonly cluster: Digest
  /** Heights per epoch: R of the task. */
  readonly epochHeights: number
}

/** The log of a node that has done nothing yet. */
export function emptyLog(cluster: Digest): LogState {
  return { status: 'INITIAL', epoch: 0, seq: 0, head: logStart(cluster, 0), height: 1, round: 0 }
}

/** Appends one transition; an illegal one, or one that falls back in (height, round), is our own bug. */
export function append(
  log: LogState,
  where: LogPosition,
  event: PhaseEvent,
  at: { readonly height: number; readonly round: number; readonly value: Digest },
): { readonly log: LogState; readonly entry: LogEntry } {
  const to = nextStatus(log.status, event)
  invariant(to !== null, `${event} is not a transition from ${log.status}`)
  invariant(
    at.height > log.height || (at.height === log.height && at.round >= log.round),
    `the log never falls back: ${at.height}/${at.round} after ${log.height}/${log.round}`,
  )
  const epoch = epochOf(at.height, where.epochHeights)
  const chain =
    epoch === log.epoch ? { seq: log.seq, head: log.head } : { seq: 0, head: logStart(where.cluster, epoch) }
  const entry: LogEntry = { seq: chain.seq + 1, from: log.status, event, to, ...at }
  return {
    entry,
    log: {
      status: to,
      epoch,
      seq: entry.seq,
      head: appendLog(chain.head, entry),
      height: at.height,
      round: at.round,
    },
  }
}

/** Events with round and value, as the shared log of a height has them. */
export interface SharedStep {
  readonly event: PhaseEvent
  readonly round: number
  readonly value: Digest
}

/**
 * The shared log of a height decided with `value` in `round`: what undisturbed members log, and what a member that
 * was merely behind completes (docs/decisions.md, section 4).
 *
 * @param previous decided value of the height before, NIL before height 1
 * @param status where the log stands before: INITIAL makes the first event t1
 */
export function sharedSteps(
  round: number,
  value: Digest,
  previous: Digest,
  status: PhaseStatus,
): SharedStep[] {
  const steps: SharedStep[] = []
  for (let r = 0; r <= round; r += 1) {
    const outcome = r === round ? value : NIL
    steps.push(
      { event: r === 0 && status === 'INITIAL' ? 't1' : 't3', round: r, value: previous },
      { event: 't2', round: r, value: outcome },
      { event: 't4', round: r, value: outcome },
      { event: 't6', round: r, value: outcome },
    )
  }
  return steps
}
