import { DEFAULT_FLOW, FLOOD_COST_FRAME_BYTES } from '../wire/flow.ts'
import type { FlowLimits } from '../wire/flow.ts'

/** Protocol id of the one stream type. Another major version is refused by multistream, without a penalty. */
export const PROTOCOL = '/rsdp/3.0.0'

/** Inbound streams one peer may hold over all its connections; a newer one replaces the oldest. */
export const INBOUND_STREAMS_MAX = 2

/** Connections one peer may hold: one each way, and one that is about to be noticed as dead. */
export const CONNECTIONS_PER_PEER_MAX = 3

/** Addresses of one peer that are tried; the registry's entry is under the control of that peer. */
export const ADDRESSES_MAX = 4

/** Frames joined into one write: the number of writes costs, not their size. */
export const BATCH_BYTES_MAX = 65_536

/** A stream that lived this long was a good one: its end starts the backoff from the beginning. */
export const STABLE_STREAM_MS = 5_000

/** How long the last bytes may take to leave when a stream is closed. */
export const CLOSE_DEADLINE_MS = 1_000

/** What the flood budget charges besides the bytes themselves, so that many tiny things are not free. */
export const COST_BYTES = {
  frame: FLOOD_COST_FRAME_BYTES,
  stream: 16_384,
  connection: 16_384,
  fault: 262_144,
} as const

/** Limits that tests shorten; the defaults are what a node runs with. */
export interface Limits extends FlowLimits {
  /** From the first byte of a frame to its last. An idle stream has no deadline. */
  readonly frameDeadlineMs: number
  /** A peer that takes nothing for this long is cut and reconnected. */
  readonly writeDeadlineMs: number
  /** From TCP accept to a complete inbound connection, noise included. */
  readonly handshakeDeadlineMs: number
  /** Dial, noise and stream negotiation together, outbound. */
  readonly dialDeadlineMs: number
}

export const DEFAULT_LIMITS: Limits = {
  ...DEFAULT_FLOW,
  frameDeadlineMs: 5_000,
  writeDeadlineMs: 5_000,
  handshakeDeadlineMs: 3_000,
  dialDeadlineMs: 5_000,
}
