import type { Clock } from '../../ports/clock.ts'
import { invariant } from '../../types/errors.ts'

interface Timer {
  dueMs: number
  /** Order of setting, for timers that are due together. */
  order: number
  /** null: once. */
  readonly periodMs: number | null
  readonly callback: () => void
}

/** A clock that stands still until it is advanced. No real time, no dice: the same calls give the same order. */
export class VirtualClock implements Clock {
  #nowMs = 0
  #orders = 0
  #isRunning = false
  readonly #timers = new Set<Timer>()

  nowMs(): number {
    return this.#nowMs
  }

  every(periodMs: number, callback: () => void): () => void {
    invariant(periodMs > 0, `no timer has a period of ${periodMs} ms`)
    return this.#add(periodMs, periodMs, callback)
  }

  after(delayMs: number, callback: () => void): () => void {
    invariant(delayMs >= 0, `no timer has a delay of ${delayMs} ms`)
    return this.#add(delayMs, null, callback)
  }

  /** When the next callback is due, or null if none is set. */
  nextMs(): number | null {
    return this.#next()?.dueMs ?? null
  }

  /**
   * Moves time on by `ms` and calls back everything that becomes due on the way, each at its own time, by due time and
   * then by order of setting; also what those callbacks set within the span. An exception of a callback passes
   * through, and time stands where it was thrown.
   */
  advance(ms: number): void {
    invariant(ms >= 0, 'time never falls')
    invariant(!this.#isRunning, 'the clock was advanced by one of its own callbacks')
    const endMs = this.#nowMs + ms
    this.#isRunning = true
    try {
      for (let timer = this.#next(); timer !== null && timer.dueMs <= endMs; timer = this.#next()) {
        this.#nowMs = timer.dueMs
        // set anew, or removed, before the call: it may stop its own timer
        if (timer.periodMs === null) this.#timers.delete(timer)
        else {
          timer.dueMs += timer.periodMs
          timer.order = this.#orders++
        }
        timer.callback()
      }
      this.#nowMs = endMs
    } finally {
      this.#isRunning = false
    }
  }

  #add(delayMs: number, periodMs: number | null, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.#nowMs + delayMs, order: this.#orders++, periodMs, callback }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  #next(): Timer | null {
    let first: Timer | null = null
    for (const timer of this.#timers) {
      if (
        first === null ||
        timer.dueMs < first.dueMs ||
        (timer.dueMs === first.dueMs && timer.order < first.order)
      )
        first = timer
    }
    return first
  }
}
