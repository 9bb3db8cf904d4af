/** What the place that a node runs in has, and what of it is in use. */
export interface MachineSample {
  /** Cores that may be used; a part of one, too. */
  readonly cores: number
  /** Part of them in use since the sample before, 0 … 1. */
  readonly coresUsed: number
  readonly memoryBytes: number
  readonly memoryUsedBytes: number
  /** Speed of the fastest link, Mbit/s; null: it does not say. */
  readonly linkMbits: number | null
  /** In and out since the sample before, Mbit/s. */
  readonly networkMbits: number
  /** Delay of this process's timers since the sample before, 99th percentile, ms. */
  readonly eventLoopDelayMs: number
}

/** Looks at the machine. */
export interface Sampler {
  /** Null until there are two looks to compare, and where the machine does not say. Never throws, never waits. */
  sample(): MachineSample | null
}
