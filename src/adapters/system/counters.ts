/** Counters of one look, all since some moment that stays. */
export interface Counters {
  readonly cores: number
  /** Core seconds. */
  readonly coreSeconds: number
  readonly memoryBytes: number
  readonly memoryUsedBytes: number
  readonly linkMbits: number | null
  readonly networkBytes: number
}

/** Reads them; null: this machine does not have them. */
export type ReadCounters = () => Counters | null
