import { leftOver, scaledAt } from '../services/sentinel/residual.ts'
import type { Sample } from '../services/sentinel/residual.ts'
import type { ResidualModel } from '../services/sentinel/model.ts'
import { eigenOf } from './eigen.ts'

export interface ResidualOptions {
  readonly about: string
  readonly lags: readonly number[]
  readonly smooth: number
  /** Share of the variance that the components explain, in (0, 1). */
  readonly share: number
}

/** Added to the width of a usual residual, in 1/1,024 units: 5 % of a unit are never a surprise. */
const ERROR_ADDED = 51

/**
 * Fits a residual model on rows of a machine that works: PCA of the scaled metrics and their lags.
 *
 * @param rows integers, in time order, without gaps
 */
export function fitResidual(rows: readonly Sample[], options: ResidualOptions): ResidualModel {
  const metrics = rows[0]?.length ?? 0
  const means = Array.from({ length: metrics }, (_, metric) => meanOf(rows, (row) => row[metric] ?? 0))
  const spreads = means.map((mean, metric) =>
    Math.sqrt(meanOf(rows, (row) => ((row[metric] ?? 0) - mean) * ((row[metric] ?? 0) - mean))),
  )
  // a metric that is constant in training is measured by the others: its first change is not infinitely surprising
  const ordered = [...spreads].sort((a, b) => a - b)
  const floor = Math.max(1, Math.round((ordered[ordered.length >> 1] ?? 0) / 20))
  const inputs = options.lags.flatMap(() => means.map((_, metric) => metric))
  const scaling: ResidualModel = {
    kind: 'residual@1',
    about: options.about,
    lags: options.lags,
    smooth: options.smooth,
    centers: inputs.map((metric) => Math.round(means[metric] ?? 0)),
    widths: inputs.map((metric) => Math.max(floor, Math.round(spreads[metric] ?? 0))),
    components: [],
    errors: inputs.map(() => 1),
  }
  const deepest = Math.max(...options.lags)
  const scaled = rows
    .slice(deepest)
    .map((_, place) => scaledAt(scaling, rows.slice(place, place + deepest + 1), 0))
  const eigen = eigenOf(productMoments(scaled))
  const total = eigen.reduce((sum, { value }) => sum + Math.max(0, value), 0)
  let explained = 0
  const components: number[][] = []
  for (const { value, vector } of eigen) {
    if (explained >= options.share * total) break
    explained += value
    components.push(vector.map((part) => Math.round(part * 16_384)))
  }
  const model = { ...scaling, components }
  const left = scaled.map((row) => leftOver(model, row))
  const errors = inputs.map(
    (_, input) =>
      Math.round(Math.sqrt(meanOf(left, (row) => (row[input] ?? 0) * (row[input] ?? 0)))) + ERROR_ADDED,
  )
  return { ...model, errors }
}

function meanOf<T>(rows: readonly T[], value: (row: T) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0) / Math.max(1, rows.length)
}

/** Mean of products of each pair of inputs, in units. */
function productMoments(rows: readonly (readonly number[])[]): number[][] {
  const size = rows[0]?.length ?? 0
  const sums = Array.from({ length: size }, () => new Float64Array(size))
  for (const row of rows)
    for (let i = 0; i < size; i += 1) {
      const sum = sums[i] ?? new Float64Array()
      const value = row[i] ?? 0
      for (let j = 0; j <= i; j += 1) sum[j] = (sum[j] ?? 0) + value * (row[j] ?? 0)
    }
  const unit = 1_024 * 1_024 * Math.max(1, rows.length)
  return sums.map((_, i) => sums.map((__, j) => ((i < j ? sums[j]?.[i] : sums[i]?.[j]) ?? 0) / unit))
}
