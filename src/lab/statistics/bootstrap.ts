import { Random } from '../../faults/random.ts'
import type { Interval } from './summary.ts'
import { quantile } from './summary.ts'

const DRAWS = 1000
/** The same draws at each report. */
const SEED = 0xb007

/**
 * 95 % interval of a figure of many seeds, by resampling the seeds (percentile method). Draws without a figure are left out.
 *
 * @param of the figure of a resample, given as indices of seeds
 * @returns null of fewer than two seeds, or where fewer than half of the draws have a figure
 */
export function bootstrap(
  n: number,
  of: (seeds: readonly number[]) => number | null,
  draws = DRAWS,
): Interval | null {
  if (n < 2) return null
  const random = new Random(SEED)
  const figures: number[] = []
  for (let draw = 0; draw < draws; draw += 1) {
    const figure = of(Array.from({ length: n }, () => random.int(0, n - 1)))
    if (figure !== null && Number.isFinite(figure)) figures.push(figure)
  }
  if (figures.length < draws / 2) return null
  figures.sort((a, b) => a - b)
  return { low: quantile(figures, 0.025), high: quantile(figures, 0.975) }
}
