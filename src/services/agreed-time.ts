/** Something that a member says, with the weight of its votes. */
export interface Weighted {
  readonly value: number
  readonly weight: number
}

/**
 * Weighted lower median: the least value such that it and those below it have at least half of the weight. It lies within
 * the values of the true ones while the false ones weigh less than half.
 *
 * @param values weights ≥ 1, in any order
 * @returns null of no values
 */
export function weightedLowerMedian(values: readonly Weighted[]): number | null {
  const total = values.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { value, weight } of values.toSorted((a, b) => a.value - b.value)) {
    below += weight
    if (2 * below >= total) return value
  }
  return null
}

/**
 * Agreed time: the weighted lower median of the clocks of the listed members, and never before the time agreed last. A
 * list weighs more than 2/3 of W, liars less than 1/3, so it lies within the honest clocks or stands still.
 *
 * @param previousMs agreed last, 0 at the beginning
 * @param clocks ms since 1970
 */
export function agreedTime(previousMs: number, clocks: readonly Weighted[]): number {
  return Math.max(previousMs, weightedLowerMedian(clocks) ?? previousMs)
}
