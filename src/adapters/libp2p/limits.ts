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
export const COST_BYTES = { frame: 512, stream: 16_384, connection: 16_384, fault: 262_144 } as const

/** What the own pace reckons per frame: more than a receiver charges, to cover what encryption and muxer add. */
export const PACE_COST_FRAME_BYTES = 640

/** Limits that tests shorten; the defaults are what a node runs with. */
export interface Limits {
  /** From the first byte of a frame to its last. An idle stream has no deadline. */
  readonly frameDeadlineMs: number
  /** A peer that takes nothing for this long is cut and reconnected. */
  readonly writeDeadlineMs: number
  /** From TCP accept to a complete inbound connection, noise included. */
  readonly handshakeDeadlineMs: number
  /** Dial, noise and stream negotiation together, outbound. */
  readonly dialDeadlineMs: number
  readonly backoffMsMin: number
  readonly backoffMsMax: number
  /** Flood budget per peer, inbound: sustained rate … */
  readonly floodBytesPerSecond: number
  /** … and how much may come at once. */
  readonly floodBurstBytes: number
  /** Own pace per peer, outbound: below the flood budget, so that an honest node is never isolated. */
  readonly paceBytesPerSecond: number
  readonly paceBurstBytes: number
  /** How long a peer over the flood budget stays cut off. */
  readonly isolationMs: number
  /** Frames and bytes waiting for one slow peer; beyond, the oldest are dropped. */
  readonly outboxFramesMax: number
  readonly outboxBytesMax: number
}

const MIB = 1_048_576

/**
 * The pace leaves room below the flood budget for what a receiver may see bunched together: one stream window
 * (256 KiB) that waited in the network, and the cost of reopening streams.
 */
export const DEFAULT_LIMITS: Limits = {
  frameDeadlineMs: 5_000,
  writeDeadlineMs: 5_000,
  handshakeDeadlineMs: 3_000,
  dialDeadlineMs: 5_000,
  backoffMsMin: 250,
  backoffMsMax: 10_000,
  floodBytesPerSecond: MIB,
  floodBurstBytes: 4 * MIB,
  paceBytesPerSecond: 0.9 * MIB,
  paceBurstBytes: 3 * MIB,
  isolationMs: 30_000,
  outboxFramesMax: 256,
  outboxBytesMax: 4 * MIB,
}
