/**
 * Seeded chance of a training run: xorshift128 (Marsaglia 2003), 32-bit operations only, so that every machine trains the
 * same model. Not for secrets.
 */
export class Dice {
  readonly #state: Uint32Array

  /** @param seed integer in [0, 2³²) */
  constructor(seed: number) {
    // four words of a Weyl sequence, mixed: a seed of zero must not give the one state that xorshift never leaves
    this.#state = Uint32Array.from([1, 2, 3, 4], (step) => mix(seed + Math.imul(step, 0x9e3779b9)))
  }

  /** Next integer in [0, 2³²). */
  next(): number {
    const [x = 0, y = 0, z = 0, w = 0] = this.#state
    const t = x ^ (x << 11)
    const last = (w ^ (w >>> 19) ^ (t ^ (t >>> 8))) >>> 0
    this.#state.set([y, z, w, last])
    return last
  }

  /** Integer in [0, below), without bias worth naming: below ≤ 2²¹. */
  below(below: number): number {
    return Math.floor((this.next() * below) / 0x1_0000_0000)
  }

  /** The first `count` places of a shuffle of 0 … length − 1. */
  sample(length: number, count: number): number[] {
    const places = Array.from({ length }, (_, place) => place)
    const taken = Math.min(count, length)
    for (let at = 0; at < taken; at += 1) {
      const other = at + this.below(length - at)
      const kept = places[at] ?? 0
      places[at] = places[other] ?? 0
      places[other] = kept
    }
    return places.slice(0, taken)
  }
}

function mix(word: number): number {
  let mixed = word >>> 0
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
