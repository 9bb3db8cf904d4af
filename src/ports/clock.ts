/** Monotonic time. Protocol time-outs count ticks; wall time is for people only. */
export interface Clock {
  /** Milliseconds since an arbitrary start, never falling. */
  nowMs(): number
  /** Calls back every `periodMs` until the returned function is called. */
  every(periodMs: number, callback: () => void): () => void
  /** Calls back once after `delayMs` unless the returned function is called before. */
  after(delayMs: number, callback: () => void): () => void
}
