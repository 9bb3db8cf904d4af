import { DEFAULT_FLOW } from '../wire/flow.ts'
import type { FlowLimits } from '../wire/flow.ts'

/** Limits that tests shorten; the defaults are what a node runs with. */
export interface Limits extends FlowLimits {
  /** From TCP connect to a queue that is consumed. */
  readonly openDeadlineMs: number
  /** For the last frames and the end: a broker that takes nothing any more holds nobody up for longer. */
  readonly closeDeadlineMs: number
  /** A peer that said nothing for this long is asked for a sign of life, … */
  readonly askAfterMs: number
  /** … and after this long it counts as gone. */
  readonly silenceMs: number
}

export const DEFAULT_LIMITS: Limits = {
  ...DEFAULT_FLOW,
  openDeadlineMs: 10_000,
  closeDeadlineMs: 5_000,
  askAfterMs: 5_000,
  silenceMs: 15_000,
}

/** Seconds of silence after which broker and client take each other for dead (AMQP 0-9-1, 4.2.7). */
export const HEARTBEAT_S = 10

/** Frames that the broker may have handed over without an acknowledgement: also what one turn of the loop handles. */
export const PREFETCH = 32

/** The own queue at the broker: beyond, the oldest frames are dropped, and what is older than this is of no use. */
export const QUEUE = { frames: 4_096, bytes: 16 * 1_048_576, frameMs: 30_000 } as const

/** Questions of sessions that are not known yet, per peer: anybody may repeat an old one. */
export const ASKS = { perSecond: 2, burst: 16 } as const
