import { paretoFrontier } from '../services/insight/pareto.ts'
import type { Scenario } from './scenario.ts'

export type Tercile = 'low' | 'medium' | 'high'

/** What is traded: the figures of a cell, by measure. */
interface Traded {
  readonly cell: string
  readonly figures: Readonly<Record<string, { readonly value: number | null }>>
}

export interface Trade {
  readonly cell: string
  /** By measure: in which third of all cells its figure is. */
  readonly terciles: Readonly<Record<string, Tercile>>
  /** No other cell is as good in all three and better in one. */
  readonly isOnFrontier: boolean
}

/**
 * Cells as ways to run a system: which of them no other dominates, by the production function, and in which third of the
 * measured values each is. Cells without one of the figures are left out.
 */
export function tradesOf(cells: readonly Traded[], frontier: Scenario['frontier']): Trade[] {
  if (frontier === undefined) return []
  const { throughput, latency, cost } = frontier
  const measures = [throughput, latency, cost]
  const whole = cells.flatMap(({ cell, figures }) => {
    const values = measures.map((measure) => figures[measure]?.value ?? null)
    const [a, b, c] = values
    return typeof a === 'number' && typeof b === 'number' && typeof c === 'number'
      ? [{ cell, throughput: a, latency: b, cost: c }]
      : []
  })
  const best = new Set(paretoFrontier(whole).map(({ cell }) => cell))
  const thirds = (['throughput', 'latency', 'cost'] as const).map((role) =>
    tercilesOf(whole.map((one) => one[role])),
  )
  return whole.map(({ cell }, i) => ({
    cell,
    terciles: Object.fromEntries(measures.map((measure, role) => [measure, thirds[role]?.[i] ?? 'medium'])),
    isOnFrontier: best.has(cell),
  }))
}

/** Equal values are in one third: that of the least of them. */
function tercilesOf(values: readonly number[]): Tercile[] {
  const sorted = [...values].sort((a, b) => a - b)
  return values.map((value) => {
    const part = sorted.indexOf(value) / sorted.length
    return part < 1 / 3 ? 'low' : part < 2 / 3 ? 'medium' : 'high'
  })
}
