/** All chance of a seed: xoshiro128**, started by splitmix32. The same seed gives the same numbers everywhere. */
export class Random {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    let x = seed >>> 0
    for (let i = 0; i < 4; i += 1) {
      x = (x + 0x9e3779b9) >>> 0
      let z = x
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
      this.#state[i] = (z ^ (z >>> 16)) >>> 0
    }
  }

  /** 0 … 2^32 − 1. */
  u32(): number {
    const s = this.#state
    const [a = 0, b = 0, c = 0, d = 0] = s
    const x = Math.imul(b, 5)
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0
    const c2 = c ^ a
    const d2 = d ^ b
    s[1] = b ^ c2
    s[0] = a ^ d2
    s[2] = c2 ^ (b << 9)
    s[3] = (d2 << 11) | (d2 >>> 21)
    return result
  }

  /** 0 ≤ x < 1. */
  fraction(): number {
    return this.u32() / 2 ** 32
  }

  /** An integer, min ≤ x ≤ max. */
  int(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)] as T
  }

  shuffled<T>(list: readonly T[]): T[] {
    const out = [...list]
    for (let i = out.length - 1; i > 0; i -= 1) {
      const j = this.int(0, i)
      const x = out[i] as T
      out[i] = out[j] as T
      out[j] = x
    }
    return out
  }

  /** A source of its own: what one part of the world draws does not shift what another one gets. */
  fork(): Random {
    return new Random(this.u32())
  }
}
