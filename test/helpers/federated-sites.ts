import { averagePrecision } from '../../src/learning/measures.ts'
import { federatedMean } from '../../src/services/sentinel/federated.ts'

/** A server as a site: rows of metrics to fit on, rows to judge by, and the labels of those. */
export interface Site {
  readonly name: string
  readonly fit: readonly (readonly number[])[]
  readonly judge: readonly (readonly number[])[]
  readonly labels: readonly boolean[]
}

/** A correlation of 1. */
const UNIT = 1_000_000
/** Part of the variance that the components keep. */
const KEPT = 0.9
/** Samples that a score is averaged over: one hour of ASD. */
const SMOOTH = 12

/** What a site keeps to itself: centre and width of each metric. */
interface Scale {
  readonly centres: readonly number[]
  readonly widths: readonly number[]
}

/** What a site knows after fitting: its own scale, and the update that it brings. */
export interface Fitted {
  readonly scale: Scale
  /** Correlations of the metrics above the diagonal, row by row, in millionths. */
  readonly update: readonly number[]
}

export function fitSite({ fit }: Site): Fitted {
  const metrics = fit[0]?.length ?? 0
  const column = (i: number): number[] => fit.map((row) => row[i] ?? 0)
  const centres = Array.from({ length: metrics }, (_, i) => meanOf(column(i)))
  const widths = centres.map((centre, i) =>
    Math.max(1, Math.sqrt(meanOf(column(i).map((value) => (value - centre) ** 2)))),
  )
  const rows = fit.map((row) => scaled(row, { centres, widths }))
  const update: number[] = []
  for (let i = 0; i < metrics; i += 1)
    for (let j = i + 1; j < metrics; j += 1)
      update.push(Math.round(UNIT * meanOf(rows.map((row) => (row[i] ?? 0) * (row[j] ?? 0)))))
  return { scale: { centres, widths }, update }
}

/** The agreed update, as the reducer makes it. */
export function combine(updates: readonly (readonly number[])[], trim: number): readonly number[] {
  const inputs = updates.map((coordinates, member) => ({ member, state: { coordinates } }))
  const params = { dimensions: updates[0]?.length ?? 1, clip: UNIT, trim }
  const context = { seed: '0x', height: 1, members: [], previous: new Uint8Array(), events: [] } as const
  return federatedMean.aggregateStatus(inputs, params, context).coordinates
}

/** Bytes of one update as it is sent. */
export function updateBytes(update: readonly number[]): number {
  return federatedMean.state.encode({ coordinates: update }).length
}

/** Average precision of a site's judged rows with the components of an update: squared residual, smoothed. */
export function judgeSite({ judge, labels }: Site, { scale }: Fitted, update: readonly number[]): number {
  const components = componentsOf(update, scale.centres.length)
  const residuals = judge.map((row) => {
    const left = scaled(row, scale)
    for (const component of components) {
      const along = left.reduce((sum, value, i) => sum + value * (component[i] ?? 0), 0)
      component.forEach((weight, i) => {
        left[i] = (left[i] ?? 0) - along * weight
      })
    }
    return left.reduce((sum, value) => sum + value * value, 0)
  })
  const smooth = residuals.map((_, i) => meanOf(residuals.slice(Math.max(0, i + 1 - SMOOTH), i + 1)))
  return averagePrecision(smooth, labels)
}

/** Directions of the greatest variance, until `KEPT` of it is kept: power iteration, each out of what is left. */
function componentsOf(update: readonly number[], metrics: number): number[][] {
  const matrix = Array.from({ length: metrics }, () => Array.from({ length: metrics }, () => 0))
  let at = 0
  for (let i = 0; i < metrics; i += 1) {
    matrix[i]![i] = 1
    for (let j = i + 1; j < metrics; j += 1, at += 1) matrix[i]![j] = matrix[j]![i] = (update[at] ?? 0) / UNIT
  }
  const components: number[][] = []
  let kept = 0
  while (kept < KEPT * metrics && components.length < metrics - 1) {
    let vector = Array.from({ length: metrics }, (_, i) => 1 + ((i * 7) % 5) / 10)
    let value = 0
    for (let round = 0; round < 300; round += 1) {
      const next = matrix.map((row) => row.reduce((sum, weight, i) => sum + weight * (vector[i] ?? 0), 0))
      value = Math.sqrt(next.reduce((sum, x) => sum + x * x, 0))
      if (value < 1e-9) return components
      vector = next.map((x) => x / value)
    }
    // what liars bring need not be a correlation: a negative direction explains nothing
    const along = matrix.reduce(
      (sum, row, i) =>
        sum + (vector[i] ?? 0) * row.reduce((total, weight, j) => total + weight * (vector[j] ?? 0), 0),
      0,
    )
    matrix.forEach((row, i) => {
      row.forEach((weight, j) => {
        row[j] = weight - along * (vector[i] ?? 0) * (vector[j] ?? 0)
      })
    })
    if (along <= 0) continue
    components.push(vector)
    kept += along
  }
  return components
}

function scaled(row: readonly number[], { centres, widths }: Scale): number[] {
  return row.map((value, i) => (value - (centres[i] ?? 0)) / (widths[i] ?? 1))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
