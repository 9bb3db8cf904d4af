/** Scores of the Numenta Anomaly Benchmark (github numenta/NAB, `nab/sweeper.py` and `nab/scorer.py`), profile `standard`. */

/** What a profile pays for a found window, a missed one, and a false alarm. */
export interface NabProfile {
  readonly tp: number
  readonly fn: number
  readonly fp: number
}

export const STANDARD: NabProfile = { tp: 1, fn: 1, fp: 0.11 }

/** Anomaly windows as row numbers, both ends inside, ascending. */
export type NabWindows = readonly (readonly [from: number, to: number])[]

/** Rows at the start of a file in which nothing counts: 15 %, at most 750. */
export function probationRows(rows: number): number {
  return Math.floor(Math.min(0.15 * rows, 750))
}

/**
 * Score of one file: the best detection of each window at its place in it, −fn for a missed window, and fp times a negative
 * sigmoid of the distance to the window before for each false alarm.
 *
 * @param flags whether a row is a detection, one per row
 */
export function nabFileScore(
  flags: readonly boolean[],
  windows: NabWindows,
  profile: NabProfile = STANDARD,
): number {
  const counted = windows.filter(([from]) => from >= probationRows(flags.length))
  const best = counted.map(() => -profile.fn)
  const atStart = sigmoid(-1)
  let alarms = 0
  for (let row = probationRows(flags.length); row < flags.length; row += 1) {
    if (flags[row] !== true) continue
    const inside = windows.findIndex(([from, to]) => from <= row && row <= to)
    const window = windows[inside]
    if (window === undefined) alarms += profile.fp * outside(row, windows)
    else {
      const [from, to] = window
      const place = counted.indexOf(window)
      const value = (profile.tp * sigmoid(-(to - row + 1) / (to - from + 1))) / atStart
      if (place >= 0) best[place] = Math.max(best[place] ?? 0, value)
    }
  }
  return best.reduce((sum, value) => sum + value, 0) + alarms
}

/** 100 for every window found at its first row and no false alarm, 0 for a detector that says nothing. */
export function nabNormalized(score: number, windows: number, profile: NabProfile = STANDARD): number {
  return (100 * (score + windows * profile.fn)) / (windows * (profile.tp + profile.fn))
}

function outside(row: number, windows: NabWindows): number {
  const before = windows.filter(([, to]) => to < row).at(-1)
  if (before === undefined) return -1
  const [from, to] = before
  // the width of one row less has no distance to measure
  const width = Math.max(1, to - from)
  const distance = (row - to) / width
  return distance > 3 ? -1 : sigmoid(distance)
}

function sigmoid(y: number): number {
  return 2 / (1 + Math.exp(5 * y)) - 1
}
