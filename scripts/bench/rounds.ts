/** What a group of members did in a while: in each round all contribute, and a round is over when all know all of it. */
export interface RoundsRun {
  /** From the end of one round to the end of the next, ms. */
  readonly roundMs: readonly number[]
  /** Rounds a second, of all that went on beside each other. */
  readonly perSecond: number
  /** Processor time of a member in a round, ms. */
  readonly processorMs: number
}

/** A group whose rounds can be measured again and again. */
export interface RoundsSystem {
  readonly name: string
  /** What a round carries, and what is done with it. */
  readonly promise: string
  run(): Promise<RoundsRun>
  stop(): Promise<void>
}

/** Share of sorted figures; NaN for none. */
export function percentile(figures: readonly number[], share: number): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN
}
