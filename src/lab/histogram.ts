import { invariant } from '../types/errors.ts'

/** Buckets of each power of two: a bucket is at most 1/32 of its values wide. */
const PARTS = 32
const PARTS_LOG = 5
/** Samples beyond a percentile without which it is no figure but luck. */
const BEYOND_MIN = 10

/** How often which value came, in buckets that are the same for all: histograms add up, percentiles do not. */
export class Histogram {
  readonly #counts = new Map<number, number>()
  #total = 0

  get total(): number {
    return this.#total
  }

  /** @param value an integer, 0 ≤ value < 2^31; the lab's unit is the microsecond */
  add(value: number, count = 1): void {
    const bucket = bucketOf(Math.min(0x7fff_ffff, Math.max(0, Math.round(value))))
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    this.#total += count
  }

  merge(other: Histogram): this {
    for (const [bucket, count] of other.#counts)
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count)
    this.#total += other.#total
    return this
  }

  /**
   * The largest value of the bucket in which the share lies: at most 1/32 too much.
   *
   * @param share 0 < share < 1
   * @returns null if fewer than ten samples lie beyond it
   */
  percentile(share: number): number | null {
    if (Math.floor(this.#total * (1 - share) + 1e-6) < BEYOND_MIN) return null
    let seen = 0
    for (const [bucket, count] of this.#sorted()) {
      seen += count
      if (seen >= share * this.#total) return endOf(bucket)
    }
    return null
  }

  /** `[bucket, count, …]`, buckets as distances from the one before: what a result file holds. */
  toJSON(): number[] {
    let last = 0
    return this.#sorted().flatMap(([bucket, count]) => {
      const gap = bucket - last
      last = bucket
      return [gap, count]
    })
  }

  static of(pairs: readonly number[]): Histogram {
    const histogram = new Histogram()
    let bucket = 0
    for (let i = 0; i + 1 < pairs.length; i += 2) {
      bucket += pairs[i] ?? 0
      const count = pairs[i + 1] ?? 0
      invariant(Number.isSafeInteger(bucket) && Number.isSafeInteger(count) && count > 0, 'no histogram')
      histogram.#counts.set(bucket, count)
      histogram.#total += count
    }
    return histogram
  }

  #sorted(): [number, number][] {
    return [...this.#counts].sort(([a], [b]) => a - b)
  }
}

function bucketOf(value: number): number {
  if (value < PARTS) return value
  const shift = 31 - Math.clz32(value) - PARTS_LOG
  return PARTS * shift + (value >> shift)
}

function endOf(bucket: number): number {
  if (bucket < 2 * PARTS) return bucket
  const shift = Math.floor(bucket / PARTS) - 1
  return (bucket - PARTS * shift + 1) * 2 ** shift - 1
}
