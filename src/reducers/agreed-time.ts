/** A member's clock in its input. */
export interface ClockReading {
  /** Unix time, ms, u64. */
  readonly clockMs: bigint
  readonly weight: number
}

/**
 * The time that a height agrees on: the weighted lower median of its members' clocks, but never before the time of the
 * height below.
 *
 * The lower median is the least reading such that readings up to it weigh at least half. A decided list weighs more than
 * two thirds of all, and liars less than one third, so less than half of the list: the median lies between the least and
 * the greatest honest clock, whatever liars say. Time stands still while honest clocks are behind it.
 *
 * @param previous agreed time of the height below, ms; 0 before the first
 * @param readings one per listed member, weights ≥ 1; of no readings the time is `previous`
 */
export function agreedTime(previous: bigint, readings: readonly ClockReading[]): bigint {
  const median = lowerMedian(readings)
  return median > previous ? median : previous
}

function lowerMedian(readings: readonly ClockReading[]): bigint {
  const total = readings.reduce((sum, { weight }) => sum + weight, 0)
  const ascending = readings.toSorted((a, b) => (a.clockMs < b.clockMs ? -1 : a.clockMs > b.clockMs ? 1 : 0))
  let below = 0
  for (const { clockMs, weight } of ascending) {
    below += weight
    if (2 * below >= total) return clockMs
  }
  return 0n
}
