import jStat from 'jstat'
import { summaryOf } from './summary.ts'
import type { Interval } from './summary.ts'

/** What pairs of the same seeds say about two treatments. */
export interface Paired {
  readonly n: number
  /** Mean of b − a. */
  readonly difference: number
  readonly ci95: Interval
  /** Two-sided, Student's t on the differences; 1 if all differences are 0. */
  readonly p: number
  /** Two-sided, Wilcoxon's signed ranks. */
  readonly pRank: number
  /** Cohen's d of pairs: mean difference over its deviation; 0 of no difference at all. */
  readonly effect: number
}

/** @param a, b values by seed, in the same order; at least two */
export function paired(a: readonly number[], b: readonly number[]): Paired {
  const differences = a.map((value, i) => (b[i] ?? Number.NaN) - value)
  const { n, mean, sd, ci95 } = summaryOf(differences)
  const interval = ci95 ?? { low: mean, high: mean }
  const pRank = signedRanks(differences)
  if (sd === 0) {
    const isNothing = mean === 0
    return {
      n,
      difference: mean,
      ci95: interval,
      p: isNothing ? 1 : 0,
      pRank,
      effect: isNothing ? 0 : Math.sign(mean) * Infinity,
    }
  }
  const t = mean / (sd / Math.sqrt(n))
  const p = 2 * (1 - jStat.studentt.cdf(Math.abs(t), n - 1))
  return { n, difference: mean, ci95: interval, p: Math.max(0, p), pRank, effect: mean / sd }
}

/**
 * Wilcoxon's signed-rank test, two-sided: zeros dropped, equal sizes share their ranks. Exact without shared ranks up to 50
 * pairs, otherwise by the normal distribution with the correction for ties and continuity.
 */
export function signedRanks(differences: readonly number[]): number {
  const sizes = differences.filter((value) => value !== 0).sort((a, b) => Math.abs(a) - Math.abs(b))
  const n = sizes.length
  if (n === 0) return 1
  let above = 0
  let ties = 0
  for (let i = 0; i < n;) {
    let end = i + 1
    while (end < n && Math.abs(sizes[end] ?? 0) === Math.abs(sizes[i] ?? 0)) end += 1
    const rank = (i + 1 + end) / 2
    ties += (end - i) ** 3 - (end - i)
    for (let at = i; at < end; at += 1) if ((sizes[at] ?? 0) > 0) above += rank
    i = end
  }
  const least = Math.min(above, (n * (n + 1)) / 2 - above)
  if (ties === 0 && n <= 50) return Math.min(1, 2 * exactBelow(least, n))
  const centre = (n * (n + 1)) / 4
  const sd = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48)
  return Math.min(1, 2 * jStat.normal.cdf((least - centre + 0.5) / sd, 0, 1))
}

/** Chance that the sum of ranks with a plus is at most `sum`, all signs being equally likely. */
function exactBelow(sum: number, n: number): number {
  const ways = new Float64Array((n * (n + 1)) / 2 + 1)
  ways[0] = 1
  for (let rank = 1; rank <= n; rank += 1)
    for (let at = ways.length - 1; at >= rank; at -= 1) ways[at] = (ways[at] ?? 0) + (ways[at - rank] ?? 0)
  return ways.slice(0, Math.floor(sum) + 1).reduce((total, count) => total + count, 0) / 2 ** n
}

/** Holm's step-down correction over a family of p values, in their order. */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((p, i) => ({ p, i })).sort((a, b) => a.p - b.p)
  const corrected = ps.map(() => 1)
  let last = 0
  order.forEach(({ p, i }, rank) => {
    last = Math.max(last, Math.min(1, p * (ps.length - rank)))
    corrected[i] = last
  })
  return corrected
}
