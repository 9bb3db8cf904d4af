/** A ping that waits for its answer. */
interface Waiting {
  readonly sentMs: number
  readonly sentLivedMs: number
  /** Stalls of the own event loop until then. */
  readonly stalls: number
}

/** Round trips that are remembered, and answers or losses. */
const TRIPS_MAX = 16
const OUTCOMES_MAX = 32
/** Lived time after which a ping is given up. */
const GIVEN_UP_MS = 2_000
const PERMILLE = 1000

/**
 * Pings to one peer. A ping counts as lost only if the peer was heard while it was waited for: silence is no loss, and is
 * counted elsewhere. A round trip during which the own event loop stalled says nothing about the peer, and is not counted.
 */
export class RoundTrips {
  readonly #waiting = new Map<number, Waiting>()
  #seq = 0
  #tripsMs: readonly number[] = []
  #isAnswered: readonly boolean[] = []

  /** @returns number of the new ping */
  sent(ping: Waiting): number {
    this.#seq = (this.#seq + 1) % 2 ** 32
    this.#waiting.set(this.#seq, ping)
    return this.#seq
  }

  /** An answer; one that nobody waits for changes nothing. */
  answered(seq: number, nowMs: number, stalls: number): void {
    const ping = this.#waiting.get(seq)
    if (ping === undefined) return
    this.#waiting.delete(seq)
    this.#note(true)
    if (ping.stalls !== stalls) return
    this.#tripsMs = [...this.#tripsMs, nowMs - ping.sentMs].slice(-TRIPS_MAX)
  }

  /** @param heardMs lived time at which the peer was heard last */
  giveUp(livedMs: number, heardMs: number): void {
    for (const [seq, { sentLivedMs }] of this.#waiting) {
      if (livedMs - sentLivedMs < GIVEN_UP_MS) return
      this.#waiting.delete(seq)
      if (heardMs > sentLivedMs) this.#note(false)
    }
  }

  /** Median round trip, ms, and part of the pings that were lost, ‰; null before the first answer. */
  view(): { readonly latencyMs: number; readonly loss: number } | null {
    const sorted = [...this.#tripsMs].sort((a, b) => a - b)
    const latencyMs = sorted[(sorted.length - 1) >> 1]
    if (latencyMs === undefined) return null
    const lost = this.#isAnswered.filter((isAnswered) => !isAnswered).length
    return { latencyMs, loss: Math.floor((PERMILLE * lost) / this.#isAnswered.length) }
  }

  #note(isAnswered: boolean): void {
    this.#isAnswered = [...this.#isAnswered, isAnswered].slice(-OUTCOMES_MAX)
  }
}
