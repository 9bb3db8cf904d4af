/** Most that the monotonic clocks of two machines drift apart, part of the time that passes. */
const DRIFT = 0.001

/** A decided height, as the holder of a lease learns of it. */
export interface DecidedTime {
  /** Heights of the line until then. */
  readonly height: number
  readonly agreedMs: number
  /** Whether the own word is among those of the height. */
  readonly isListed: boolean
}

/** Agreed time was `agreedMs` at `atMs` of the monotonic clock, or later. */
interface Bound {
  readonly agreedMs: number
  readonly atMs: number
}

/**
 * How late agreed time can be by now, known without the wall clock of the node: a lease is over when it may be over.
 *
 * Who speaks at a height has decided the one before. If that one lists the own word, everybody has spoken, and so the agreed
 * time of the height was read, after the own word was said. So agreed time is at most what was read plus all that has passed
 * since then on the monotonic clock of the node, whatever has been done to its wall clock.
 */
export class LeaseTime {
  /** When words for heights that are not decided yet were first said. */
  readonly #saidMs = new Map<number, number>()
  #height = 0
  /** When the last word was said that a height has listed. */
  #listedMs: number | null = null
  #bound: Bound | null = null

  /** The own word for a height leaves. @param nowMs monotonic */
  said(height: number, nowMs: number): void {
    if (height > this.#height && !this.#saidMs.has(height)) this.#saidMs.set(height, nowMs)
  }

  decided({ height, agreedMs, isListed }: DecidedTime, nowMs: number): void {
    if (height <= this.#height) return
    this.#height = height
    if (this.#listedMs !== null) this.#narrow({ agreedMs, atMs: this.#listedMs }, nowMs)
    const saidMs = this.#saidMs.get(height)
    if (isListed && saidMs !== undefined) this.#listedMs = saidMs
    for (const said of this.#saidMs.keys()) if (said <= height) this.#saidMs.delete(said)
  }

  /** The latest that agreed time can be; Infinity: nothing is known. @param nowMs monotonic */
  latestMs(nowMs: number): number {
    return latest(this.#bound, nowMs)
  }

  /** Takes the nearer bound, and the new one if agreed time has passed the old one: the clocks of most were set. */
  #narrow(bound: Bound, nowMs: number): void {
    const before = this.latestMs(nowMs)
    if (before < bound.agreedMs || latest(bound, nowMs) < before) this.#bound = bound
  }
}

function latest(bound: Bound | null, nowMs: number): number {
  return bound === null ? Infinity : bound.agreedMs + Math.max(0, nowMs - bound.atMs) * (1 + DRIFT)
}
