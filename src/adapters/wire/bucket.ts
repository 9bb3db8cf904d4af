import type { Clock } from '../../ports/clock.ts'

/** A budget that fills at a constant rate up to a burst, in bytes or in pieces. */
export class Bucket {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  #level: number
  #filledAtMs: number

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
    this.#level = burst
    this.#filledAtMs = clock.nowMs()
  }

  /** Whether `take` of this cost would succeed now. */
  has(cost: number): boolean {
    this.#fill()
    return cost <= this.#level
  }

  /** Takes the cost and returns true, or takes nothing and returns false. `reserve`: what has to be left of it. */
  take(cost: number, reserve = 0): boolean {
    if (!this.has(cost + reserve)) return false
    this.#level -= cost
    return true
  }

  /** Milliseconds until `take` of this cost can succeed, at least 1; costs above the burst never do. */
  waitMs(cost: number): number {
    this.#fill()
    return Math.max(1, Math.ceil(((cost - this.#level) / this.#perSecond) * 1000))
  }

  #fill(): void {
    const nowMs = this.#clock.nowMs()
    const gained = ((nowMs - this.#filledAtMs) / 1000) * this.#perSecond
    this.#level = Math.min(this.#burst, this.#level + gained)
    this.#filledAtMs = nowMs
  }
}
