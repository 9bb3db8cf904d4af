import type { Figure } from './analyse.ts'
import type { Line } from './results.ts'
import { bootstrap } from './statistics/bootstrap.ts'
import { mean } from './statistics/summary.ts'

/**
 * How much more of a measure a cell has than another: the ratio of their means over the seeds that both have, less one, with a
 * 95 % interval by resampling seeds. Null: fewer than two seeds, or nothing to be a part of.
 */
export function gainOf(lines: readonly Line[], against: readonly Line[], measure: string): Figure {
  const base = new Map(against.map(({ seed, figures }) => [seed, figures[measure]]))
  const pairs = lines.flatMap(({ seed, figures }) => {
    const [value, before] = [figures[measure], base.get(seed)]
    return value === undefined || before === undefined ? [] : [{ value, before }]
  })
  const of = (seeds: readonly number[]): number | null => {
    const chosen = seeds.flatMap((i) => pairs[i] ?? [])
    const before = mean(chosen.map((pair) => pair.before))
    return before > 0 ? mean(chosen.map((pair) => pair.value)) / before - 1 : null
  }
  const ci95 = bootstrap(pairs.length, of)
  return { n: pairs.length, value: ci95 === null ? null : of([...pairs.keys()]), ci95 }
}
