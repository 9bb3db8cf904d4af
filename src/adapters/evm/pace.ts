import { sleep } from './sleep.ts'

const GAP_MS = { first: 20, max: 2_000 }

/** Time between two requests to an endpoint: none until it says that it is asked too often, less again as it answers. */
export class Pace {
  #gapMs = 0
  #nextAt = 0

  /** Waits until the next request may go. */
  async turn(): Promise<void> {
    if (this.#gapMs === 0) return
    const now = performance.now()
    const at = Math.max(now, this.#nextAt)
    this.#nextAt = at + this.#gapMs
    if (at > now) await sleep(at - now)
  }

  limited(): void {
    this.#gapMs = Math.min(Math.max(this.#gapMs * 2, GAP_MS.first), GAP_MS.max)
  }

  served(): void {
    this.#gapMs = this.#gapMs < GAP_MS.first ? 0 : this.#gapMs * 0.95
  }
}
