import type { MemberIndex } from '../../types/ids.ts'
import { U16_MAX } from '../fields.ts'
import type { MetricsRow } from '../metrics/codec.ts'

/** One, in millionths: the unit of every score. */
export const MICRO = 1_000_000

/** Weights of the six metrics, ‰; the document's. */
export const BOTTLENECK_WEIGHTS = {
  latency: 250,
  throughput: 200,
  cpu: 200,
  memory: 150,
  transactions: 100,
  lockContention: 100,
} as const
type Metric = keyof typeof BOTTLENECK_WEIGHTS
export type BottleneckWeights = Readonly<Record<Metric, number>>

/**
 * - `load`: how much of its capacity a node uses; latency relative to the others, locks as measured
 * - `as-written`: the document's formula, each metric scaled between the least and the most of all nodes. It counts high
 *   throughput and many transactions as bad
 * - `inverted`: the same with throughput and transactions the other way round
 */
export const BOTTLENECK_MODES = ['load', 'as-written', 'inverted'] as const
export type BottleneckMode = (typeof BOTTLENECK_MODES)[number]

export interface Ranked {
  readonly member: MemberIndex
  /** Millionths; more is worse. */
  readonly score: number
}

const METRICS = Object.keys(BOTTLENECK_WEIGHTS) as Metric[]
const INVERTED: ReadonlySet<Metric> = new Set<Metric>(['throughput', 'transactions'])

/**
 * Nodes by how much they hold the others up, worst first; of equals the lower seat.
 *
 * A metric that is the same on all nodes tells nothing and counts as 0, as does a latency that nobody has measured.
 */
export function bottlenecks(
  rows: readonly MetricsRow[],
  mode: BottleneckMode = 'load',
  weights: BottleneckWeights = BOTTLENECK_WEIGHTS,
): Ranked[] {
  const scales = new Map(METRICS.map((metric) => [metric, scaleOf(rows, metric)]))
  const part = (row: MetricsRow, metric: Metric): number => {
    const scaled = scales.get(metric)?.(row) ?? 0
    if (mode === 'load') return metric === 'latency' ? scaled : loadOf(row, metric)
    return mode === 'inverted' && INVERTED.has(metric) && !isFlat(rows, metric) ? MICRO - scaled : scaled
  }
  return rows
    .map((row) => {
      const sum = METRICS.reduce((total, metric) => total + weights[metric] * part(row, metric), 0)
      return { member: row.member, score: Math.floor(sum / 1000) }
    })
    .sort((a, b) => b.score - a.score || a.member - b.member)
}

function known(rows: readonly MetricsRow[], metric: Metric): number[] {
  return rows.map((row) => row[metric]).filter((value) => metric !== 'latency' || value !== U16_MAX)
}

function isFlat(rows: readonly MetricsRow[], metric: Metric): boolean {
  return new Set(known(rows, metric)).size <= 1
}

/** (x − min) / (max − min), millionths. */
function scaleOf(rows: readonly MetricsRow[], metric: Metric): (row: MetricsRow) => number {
  if (isFlat(rows, metric)) return () => 0
  const values = known(rows, metric)
  const least = Math.min(...values)
  const range = Math.max(...values) - least
  return (row) => {
    const value = row[metric]
    if (metric === 'latency' && value === U16_MAX) return 0
    return Math.floor((MICRO * (value - least)) / range)
  }
}

/** Part of the capacity in use, millionths. */
function loadOf(row: MetricsRow, metric: Exclude<Metric, 'latency'>): number {
  if (metric === 'cpu' || metric === 'lockContention') return 1000 * row[metric]
  const capacity = row.capacity[metric]
  return capacity === 0 ? 0 : Math.floor((MICRO * row[metric]) / capacity)
}
