import jStat from 'jstat'
import { mean } from './summary.ts'

export interface Anova {
  readonly f: number
  readonly df: readonly [treatments: number, error: number]
  readonly p: number
  /** Partial eta squared: part of the variance, seeds aside, that the treatments explain. */
  readonly effect: number
  /** Mean square of what neither treatment nor seed explains. */
  readonly error: number
}

export interface TukeyPair {
  readonly a: number
  readonly b: number
  /** Mean of b − mean of a. */
  readonly difference: number
  readonly p: number
}

/** Analysis of variance with repeated measures: each seed meets each treatment. @param rows values by treatment, then by seed */
export function anova(rows: readonly (readonly number[])[]): Anova {
  const [k, n] = [rows.length, rows[0]?.length ?? 0]
  const all = mean(rows.flat())
  const bySeed = Array.from({ length: n }, (_, seed) => mean(rows.map((row) => row[seed] ?? Number.NaN)))
  const squares = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + (value - all) ** 2, 0)
  const treatments = n * squares(rows.map(mean))
  const rest = Math.max(0, squares(rows.flat()) - treatments - k * squares(bySeed))
  const df = [k - 1, (k - 1) * (n - 1)] as const
  const error = rest / df[1]
  if (treatments === 0) return { f: 0, df, p: 1, effect: 0, error }
  const f = treatments / df[0] / error
  const p = error === 0 ? 0 : Math.max(0, 1 - jStat.centralF.cdf(f, df[0], df[1]))
  return { f, df, p, effect: treatments / (treatments + rest), error }
}

/** Tukey's honest significant differences after it: all pairs, the error of the whole family. */
export function tukey(rows: readonly (readonly number[])[], { error, df }: Anova): TukeyPair[] {
  const width = Math.sqrt(error / (rows[0]?.length ?? 1))
  return rows.flatMap((row, a) =>
    rows.slice(a + 1).map((other, i) => {
      const difference = mean(other) - mean(row)
      const q = width === 0 ? (difference === 0 ? 0 : Infinity) : Math.abs(difference) / width
      const p = q === Infinity ? 0 : Math.max(0, 1 - jStat.tukey.cdf(q, rows.length, df[1]))
      return { a, b: a + 1 + i, difference, p }
    }),
  )
}
