import type { Digest } from './ids.ts'

/** Protocol execution statuses G (paper, section 3), with their numbers in log entries and contracts. */
export const STATUS_NUMBERS = { INITIAL: 0, DEBATE: 1, IDLE: 2, SHARE: 3, CLOSE: 4 } as const
export type PhaseStatus = keyof typeof STATUS_NUMBERS

/** Transitions t1 … t7 of the paper, and RESET, which lies outside the table. */
export const EVENT_NUMBERS = { t1: 1, t2: 2, t3: 3, t4: 4, t5: 5, t6: 6, t7: 7, RESET: 8 } as const
export type PhaseEvent = keyof typeof EVENT_NUMBERS

/** One transition of a node's phase log (docs/decisions.md, section 4). */
export interface LogEntry {
  /** 1, 2, … within an epoch. */
  readonly seq: number
  readonly from: PhaseStatus
  readonly event: PhaseEvent
  readonly to: PhaseStatus
  readonly height: number
  readonly round: number
  readonly value: Digest
}
