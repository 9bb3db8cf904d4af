/** A block and a unix second, both of which the chain must have reached. Time 0: the block alone counts. */
export interface Moment {
  readonly number: bigint
  readonly time: bigint
}

/** Whether a block with this number and time is at or after a moment. */
export function isReached(moment: Moment, at: Moment): boolean {
  return at.number >= moment.number && at.time >= moment.time
}

/** The moment so many blocks and seconds later. */
export function later({ number, time }: Moment, blocks: bigint, seconds: bigint): Moment {
  return { number: number + blocks, time: time + seconds }
}
