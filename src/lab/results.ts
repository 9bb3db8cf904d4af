import type { Outcome } from './models.ts'
import { Histogram } from './histogram.ts'

/** First line of a result file: what was played, and by what. */
export interface Header {
  readonly schema: 1
  readonly scenario: string
  /** Of the scenario, without what the report alone reads. */
  readonly hash: string
  /** Of the model's sources. */
  readonly code: string
  readonly commit: string
  readonly driver: 'sim' | 'processes'
}

/** One more line for each seed of each cell. */
export interface Line {
  readonly cell: string
  readonly seed: number
  readonly figures: Readonly<Record<string, number>>
  /** As of `Histogram.toJSON`, µs. */
  readonly latency?: readonly number[]
}

const DIGITS = 6

/** What a result file keeps of an outcome: the measures that the scenario names. */
export function lineOf(
  cell: string,
  seed: number,
  { figures, latency }: Outcome,
  measures: readonly string[],
): Line {
  const kept = measures.flatMap((name): [string, number][] => {
    const figure = figures[name]
    return figure === undefined || !Number.isFinite(figure)
      ? []
      : [[name, Number(figure.toPrecision(DIGITS))]]
  })
  const line = { cell, seed, figures: Object.fromEntries(kept) }
  return latency !== undefined && measures.includes('latency') ? { ...line, latency: latency.toJSON() } : line
}

/** Lines in the order of the cells, then of the seeds: the same bytes in whatever order they were played. */
export function sortLines(lines: readonly Line[], cells: readonly string[]): Line[] {
  const order = new Map(cells.map((name, i) => [name, i]))
  return [...lines].sort((a, b) => (order.get(a.cell) ?? 0) - (order.get(b.cell) ?? 0) || a.seed - b.seed)
}

export function latencyOf(lines: readonly Line[]): Histogram {
  return lines.reduce((all, { latency }) => all.merge(Histogram.of(latency ?? [])), new Histogram())
}
