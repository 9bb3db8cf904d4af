import { clamp, floorDiv, VALUE_MAX } from './fixed.ts'

/** How one series is watched; chosen on the chosen half of the NAB files. */
export const LEVEL = {
  /** Values that say what is usual: two days of 5 minutes. */
  window: 576,
  /** Below this many values nothing is said. */
  valuesMin: 20,
  /** Least score of an alarm, in 1/1,024. */
  threshold: 2 * 1_024,
  /** Least width, added to each: one whole unit of a value in thousandths. */
  widthAdded: 1_000,
  /** Rows after an alarm in which there is no second one. */
  quietRows: 150,
} as const

/** What is kept of a series between two values. */
export interface LevelState {
  /** The last values, oldest first. */
  readonly recent: readonly number[]
  /** The same values, ascending. */
  readonly sorted: readonly number[]
  /** Highest score so far; it loses a 2,000th with each value, so that old surprises are forgotten. */
  readonly record: number
  /** Rows since the last alarm. */
  readonly quietFor: number
}

export const NO_LEVEL: LevelState = { recent: [], sorted: [], record: 0, quietFor: LEVEL.quietRows }

export interface LevelVerdict {
  readonly state: LevelState
  /** Distance from the median in half the range of the middle 80 % of the last values, in 1/1,024. */
  readonly score: number
  /** Whether the score is above the threshold and above all that is remembered, and no alarm was lately. */
  readonly isAlarm: boolean
}

/**
 * The next value of a series: a robust z-score, and an alarm if it sets a new record.
 *
 * @param value integer, in thousandths; beyond ±2⁴¹ it counts as that; null is a missing value, which changes nothing
 */
export function watchLevel(state: LevelState, value: number | null): LevelVerdict {
  if (value === null) return { state, score: 0, isAlarm: false }
  const present = clamp(value, VALUE_MAX)
  const score = scoreOf(state.sorted, present)
  // one per cent above the record: a tie is no news
  const isNews = score * 100 >= state.record * 101
  const isAlarm = score >= LEVEL.threshold && isNews && state.quietFor >= LEVEL.quietRows
  const oldest = state.recent.length >= LEVEL.window ? state.recent[0] : undefined
  return {
    score,
    isAlarm,
    state: {
      recent: [...(oldest === undefined ? state.recent : state.recent.slice(1)), present],
      sorted: replaced(state.sorted, oldest, present),
      record: Math.max(floorDiv(state.record * 1_999, 2_000), score),
      quietFor: isAlarm ? 0 : Math.min(LEVEL.quietRows, state.quietFor + 1),
    },
  }
}

function scoreOf(sorted: readonly number[], value: number): number {
  const count = sorted.length
  if (count < LEVEL.valuesMin) return 0
  const median = sorted[count >> 1] ?? 0
  const range = (sorted[floorDiv(count * 9, 10)] ?? 0) - (sorted[floorDiv(count, 10)] ?? 0)
  // a flat series is measured by a hundredth of its level, and by one unit
  const width = floorDiv(range, 2) + floorDiv(Math.abs(median), 100) + LEVEL.widthAdded
  return Math.min(floorDiv(Math.abs(value - median) * 1_024, width), 2 ** 40)
}

function replaced(sorted: readonly number[], gone: number | undefined, added: number): number[] {
  const next = [...sorted]
  if (gone !== undefined) next.splice(placeOf(next, gone), 1)
  next.splice(placeOf(next, added), 0, added)
  return next
}

/** First place whose value is not below. */
function placeOf(sorted: readonly number[], value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}
