const MIB = 1_048_576

/** How much one peer may send and is sent, whatever the medium. Tests shorten the times. */
export interface FlowLimits {
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
  /** Frames and bytes waiting to leave, in each lane; beyond, the oldest are dropped. */
  readonly outboxFramesMax: number
  readonly outboxBytesMax: number
}

/**
 * The pace leaves room below the flood budget for what a receiver may see bunched together: one stream window
 * (256 KiB) that waited in the network, and the cost of reopening streams.
 */
export const DEFAULT_FLOW: FlowLimits = {
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

/** Frames of the protocol go first; `data` is what services say to each other. */
export type Lane = 'protocol' | 'data'

/** What a lane leaves of the pace for others, bytes: data never use it up, so that the protocol does not wait for its turn. */
export function reserveOf(lane: Lane, { paceBurstBytes }: Pick<FlowLimits, 'paceBurstBytes'>): number {
  return lane === 'data' ? paceBurstBytes / 2 : 0
}

/** What the flood budget charges for a frame besides its bytes, so that many tiny ones are not free. */
export const FLOOD_COST_FRAME_BYTES = 512

/** What the own pace reckons per frame: more than a receiver charges, to cover what encryption and muxer add. */
export const PACE_COST_FRAME_BYTES = 640
