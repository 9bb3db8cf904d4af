/**
 * Growing trees (CART, Breiman 1984): each split takes the most squared error out of the targets. With one-hot targets that
 * error is the Gini impurity, so one function grows trees for numbers and for classes.
 */
import type { Tree } from '../services/sentinel/trees.ts'
import type { Dice } from './dice.ts'

export interface GrowOptions {
  readonly depthMax: number
  readonly rowsMin: number
  /** Features tried at each split, drawn anew; all if absent. */
  readonly tried?: number
  readonly dice: Dice
  /** Integer value of a leaf: its mean target times this. */
  readonly scale: number
}

/** Feature values in at most 64 bins each, cut at values that occur, equally full. */
export interface Binned {
  /** One column per feature: the bin of each row. */
  readonly columns: readonly Uint8Array[]
  /** Per feature: the largest value of each bin, ascending. */
  readonly cuts: readonly (readonly number[])[]
}

const BINS = 64

/** @param rows integers, all of one width */
export function binned(rows: readonly (readonly number[])[]): Binned {
  const width = rows[0]?.length ?? 0
  const cuts: number[][] = []
  const columns: Uint8Array[] = []
  for (let feature = 0; feature < width; feature += 1) {
    const values = rows.map((row) => row[feature] ?? 0)
    const sorted = [...values].sort((a, b) => a - b)
    const all = [...new Set(sorted)]
    const chosen =
      all.length <= BINS
        ? all
        : [
            ...new Set(
              Array.from(
                { length: BINS },
                (_, bin) => sorted[Math.floor(((bin + 1) * sorted.length) / BINS) - 1] ?? 0,
              ),
            ),
          ]
    cuts.push(chosen)
    columns.push(Uint8Array.from(values, (value) => binOf(chosen, value)))
  }
  return { columns, cuts }
}

function binOf(cuts: readonly number[], value: number): number {
  let low = 0
  let high = cuts.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if ((cuts[middle] ?? 0) < value) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * One tree over some of the rows.
 *
 * @param targets `outputs` numbers per row, one row after the other
 */
export function growTree(
  { columns, cuts }: Binned,
  targets: Float64Array,
  outputs: number,
  rows: readonly number[],
  options: GrowOptions,
): Tree {
  const features: number[] = []
  const thresholds: number[] = []
  const no: number[] = []
  const values: number[] = []
  const grow = (taken: readonly number[], depth: number): void => {
    const node = features.length
    const split =
      depth >= options.depthMax || taken.length < 2 * options.rowsMin
        ? null
        : bestSplit(columns, targets, outputs, taken, options)
    if (split === null) {
      features.push(-1)
      thresholds.push(values.length / outputs)
      no.push(0)
      for (const sum of sumsOf(targets, outputs, taken))
        values.push(Math.round((sum / Math.max(1, taken.length)) * options.scale))
      return
    }
    features.push(split.feature)
    thresholds.push(cuts[split.feature]?.[split.bin] ?? 0)
    no.push(0)
    const column = columns[split.feature] ?? new Uint8Array()
    grow(
      taken.filter((row) => (column[row] ?? 0) <= split.bin),
      depth + 1,
    )
    no[node] = features.length
    grow(
      taken.filter((row) => (column[row] ?? 0) > split.bin),
      depth + 1,
    )
  }
  grow(rows, 0)
  return { features, thresholds, no, values }
}

function sumsOf(targets: Float64Array, outputs: number, rows: readonly number[]): Float64Array {
  const sums = new Float64Array(outputs)
  for (const row of rows)
    for (let output = 0; output < outputs; output += 1)
      sums[output] = (sums[output] ?? 0) + (targets[row * outputs + output] ?? 0)
  return sums
}

function bestSplit(
  columns: readonly Uint8Array[],
  targets: Float64Array,
  outputs: number,
  rows: readonly number[],
  { rowsMin, tried, dice }: GrowOptions,
): { readonly feature: number; readonly bin: number } | null {
  const total = sumsOf(targets, outputs, rows)
  const candidates =
    tried === undefined ? columns.map((_, feature) => feature) : dice.sample(columns.length, tried)
  // what is not gained is not split: a margin for the rounding of the sums
  let best = squares(total) / rows.length + 1e-9 * (1 + squares(total))
  let found: { feature: number; bin: number } | null = null
  const counts = new Float64Array(BINS)
  const sums = new Float64Array(BINS * outputs)
  const left = new Float64Array(outputs)
  const right = new Float64Array(outputs)
  for (const feature of candidates) {
    const column = columns[feature] ?? new Uint8Array()
    counts.fill(0)
    sums.fill(0)
    for (const row of rows) {
      const bin = column[row] ?? 0
      counts[bin] = (counts[bin] ?? 0) + 1
      for (let output = 0; output < outputs; output += 1)
        sums[bin * outputs + output] =
          (sums[bin * outputs + output] ?? 0) + (targets[row * outputs + output] ?? 0)
    }
    left.fill(0)
    let before = 0
    for (let bin = 0; bin < BINS - 1; bin += 1) {
      before += counts[bin] ?? 0
      for (let output = 0; output < outputs; output += 1) {
        left[output] = (left[output] ?? 0) + (sums[bin * outputs + output] ?? 0)
        right[output] = (total[output] ?? 0) - (left[output] ?? 0)
      }
      const after = rows.length - before
      if ((counts[bin] ?? 0) === 0 || before < rowsMin || after < rowsMin) continue
      const gain = squares(left) / before + squares(right) / after
      if (gain <= best) continue
      best = gain
      found = { feature, bin }
    }
  }
  return found
}

function squares(sums: Float64Array): number {
  let sum = 0
  for (const value of sums) sum += value * value
  return sum
}
