import type { Clock } from '../../ports/clock.ts'

/** A budget that fills at a constant rate up to a burst. Used for both sides: what a peer may send, and the own pace. */
export class ByteBucket {
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  readonly #burstBytes: number
  #level: number
  #filledAtMs: number

  constructor(clock: Clock, bytesPerSecond: number, burstBytes: number) {
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
    this.#burstBytes = burstBytes
    this.#level = burstBytes
    this.#filledAtMs = clock.nowMs()
  }

  /** Takes the cost and returns true, or takes nothing and returns false. */
  take(costBytes: number): boolean {
    this.#fill()
    if (costBytes > this.#level) return false
    this.#level -= costBytes
    return true
  }

  /** Milliseconds until `take` of this cost can succeed, at least 1; costs above the burst never do. */
  waitMs(costBytes: number): number {
    this.#fill()
    return Math.max(1, Math.ceil(((costBytes - this.#level) / this.#bytesPerSecond) * 1000))
  }

  #fill(): void {
    const nowMs = this.#clock.nowMs()
    const gained = ((nowMs - this.#filledAtMs) / 1000) * this.#bytesPerSecond
    this.#level = Math.min(this.#burstBytes, this.#level + gained)
    this.#filledAtMs = nowMs
  }
}
