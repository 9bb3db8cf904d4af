/** Something that a member says, with the weight of its votes. */
export interface Weighted<N extends number | bigint = number> {
  readonly value: N
  /** ≥ 1 */
  readonly weight: number
}

/**
 * Weighted lower median: the least value such that it and those below it have at least half of the weight. It lies within
 * the values of the true ones while the false ones weigh less than half.
 *
 * @param values in any order
 * @returns null of no values
 */
export function weightedLowerMedian<N extends number | bigint>(values: readonly Weighted<N>[]): N | null {
  const total = values.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { value, weight } of values.toSorted(byValue)) {
    below += weight
    if (2 * below >= total) return value
  }
  return null
}

/**
 * The time that a height agrees on: the weighted lower median of its members' clocks, but never before the time of the
 * height below.
 *
 * A decided list weighs more than two thirds of all, and liars less than one third, so less than half of the list: the
 * median lies between the least and the greatest honest clock, whatever liars say. Time stands still while honest clocks
 * are behind it.
 *
 * @param previous agreed time of the height below, ms; 0 before the first
 * @param clocks one per listed member, ms; of no clocks the time is `previous`
 */
export function agreedTime<N extends number | bigint>(previous: N, clocks: readonly Weighted<N>[]): N {
  const median = weightedLowerMedian(clocks)
  return median !== null && median > previous ? median : previous
}

function byValue<N extends number | bigint>(a: Weighted<N>, b: Weighted<N>): number {
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0
}
