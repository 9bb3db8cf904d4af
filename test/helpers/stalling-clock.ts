import { VirtualClock } from '../../src/adapters/memory/clock.ts'
import type { Clock } from '../../src/ports/clock.ts'

/** The clock of a process whose event loop can stand still: time passes, and nothing is called back. */
export class StallingClock implements Clock {
  readonly #loop = new VirtualClock()
  #stalledMs = 0

  nowMs(): number {
    return this.#loop.nowMs() + this.#stalledMs
  }

  every(periodMs: number, callback: () => void): () => void {
    return this.#loop.every(periodMs, callback)
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#loop.after(delayMs, callback)
  }

  /** The loop runs for so long. */
  run(ms: number): void {
    this.#loop.advance(ms)
  }

  /** The loop stands still for so long. */
  stall(ms: number): void {
    this.#stalledMs += ms
  }
}
