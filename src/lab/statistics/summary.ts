import jStat from 'jstat'

export interface Interval {
  readonly low: number
  readonly high: number
}

export interface Summary {
  readonly n: number
  readonly mean: number
  readonly sd: number
  /** 95 % interval of the mean by Student's t; null of fewer than two values. */
  readonly ci95: Interval | null
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Of a sample: n − 1 in the denominator. */
export function deviation(values: readonly number[]): number {
  const centre = mean(values)
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0)
  return Math.sqrt(squares / (values.length - 1))
}

export function summaryOf(values: readonly number[]): Summary {
  const n = values.length
  const centre = n === 0 ? Number.NaN : mean(values)
  if (n < 2) return { n, mean: centre, sd: 0, ci95: null }
  const sd = deviation(values)
  const margin = (jStat.studentt.inv(0.975, n - 1) * sd) / Math.sqrt(n)
  return { n, mean: centre, sd, ci95: { low: centre - margin, high: centre + margin } }
}

/** A value of the sample at a share of it, between two by straight line. For few values: of seeds, never of latencies. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1)
  const low = sorted[Math.floor(at)] ?? Number.NaN
  const high = sorted[Math.ceil(at)] ?? Number.NaN
  return low + (high - low) * (at - Math.floor(at))
}
