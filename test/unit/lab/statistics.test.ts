import { expect } from 'chai'
import { Random } from '../../../src/faults/random.ts'
import { exponential, lognormal, stream, weibull } from '../../../src/lab/draw.ts'
import { anova, tukey } from '../../../src/lab/statistics/anova.ts'
import { bootstrap } from '../../../src/lab/statistics/bootstrap.ts'
import { holm, paired, signedRanks } from '../../../src/lab/statistics/paired.ts'
import { mean, quantile, summaryOf } from '../../../src/lab/statistics/summary.ts'
import { fitUsl } from '../../../src/lab/statistics/usl.ts'

/** Hours of sleep gained by two drugs (Cushny and Peebles 1905), on which Student published his test. */
const SLEEP = {
  a: [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2],
  b: [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
}
/** Depression before and after (Hollander and Wolfe 1973, page 29). */
const DEPRESSION = {
  a: [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3],
  b: [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
}
/** Reaction times of five patients under four drugs: a textbook table for repeated measures. */
const DRUGS = [
  [30, 14, 24, 38, 26],
  [28, 18, 20, 34, 28],
  [16, 10, 18, 20, 14],
  [34, 22, 30, 44, 30],
]

describe('statistics of the laboratory, against published values', () => {
  it('too few values have no interval', () => {
    expect(summaryOf([]).ci95).equal(null)
    expect(summaryOf([1]).ci95).equal(null)
    expect(bootstrap(1, () => 1)).equal(null)
    expect(bootstrap(9, () => null)).equal(null)
  })

  it('paired t: t = 4.0621, p = 0.002833, interval 0.7001 to 2.4599', () => {
    const { difference, ci95, p, effect } = paired(SLEEP.a, SLEEP.b)
    expect(difference).closeTo(1.58, 1e-9)
    expect(p).closeTo(0.002833, 1e-6)
    expect(ci95.low).closeTo(0.7001142, 1e-6)
    expect(ci95.high).closeTo(2.4598858, 1e-6)
    expect(effect * Math.sqrt(10)).closeTo(4.0621, 1e-4)
  })

  it('no difference at all is no effect', () => {
    expect(paired([1, 2, 3], [1, 2, 3])).deep.include({ difference: 0, p: 1, pRank: 1, effect: 0 })
  })

  it('signed ranks: p = 0.03906, exact', () => {
    expect(signedRanks(DEPRESSION.a.map((value, i) => value - (DEPRESSION.b[i] ?? 0)))).closeTo(
      0.0390625,
      1e-9,
    )
  })

  it('signed ranks with ties and zeros: p = 0.009091, by the normal distribution', () => {
    expect(signedRanks(SLEEP.a.map((value, i) => value - (SLEEP.b[i] ?? 0)))).closeTo(0.009091, 2e-4)
  })

  it('Holm: 0.01, 0.04, 0.03, 0.005 become 0.03, 0.06, 0.06, 0.02', () => {
    const corrected = holm([0.01, 0.04, 0.03, 0.005])
    expect(corrected.map((p) => Number(p.toFixed(9)))).deep.equal([0.03, 0.06, 0.06, 0.02])
    expect(holm([])).deep.equal([])
  })

  it('repeated measures: F(3, 12) = 24.759, p = 0.0000199', () => {
    const { f, df, p } = anova(DRUGS)
    expect(df).deep.equal([3, 12])
    expect(f).closeTo(24.7589, 1e-3)
    expect(p).closeTo(0.0000199, 1e-6)
  })

  it('Tukey: the 5 % points of the studentised range, q(3, 10) = 3.877 and q(4, 20) = 3.958', () => {
    for (const [q, k, df] of [
      [3.877, 3, 10],
      [3.958, 4, 20],
    ] as const) {
      const rows = Array.from({ length: k }, (_, i) => [i === 0 ? q : 0])
      const [first] = tukey(rows, { f: 0, df: [k - 1, df], p: 1, effect: 0, error: 1 })
      expect(first?.p).closeTo(0.05, 2e-4)
    }
  })

  it('the scalability law is found again from its own points, and from the four of the telecom document', () => {
    const law = { lambda: 40, sigma: 0.05, kappa: 0.002 }
    const points = [1, 2, 4, 8].map(
      (n) => [n, (law.lambda * n) / (1 + law.sigma * (n - 1) + law.kappa * n * (n - 1))] as const,
    )
    const found = fitUsl(points)
    for (const name of ['lambda', 'sigma', 'kappa'] as const) expect(found?.[name]).closeTo(law[name], 1e-9)
    const document = fitUsl([
      [1, 42],
      [2, 78],
      [3, 110],
      [4, 135],
    ])
    expect(document?.sigma).closeTo(0.057, 0.01)
    expect(document?.kappa).closeTo(0.006, 0.003)
    expect(fitUsl([[1, 42]])).equal(null)
  })

  it('the bootstrap agrees with t where both apply, and draws the same each time', () => {
    const random = new Random(5)
    const values = Array.from({ length: 200 }, () => random.fraction())
    const at = (seeds: readonly number[]): number => mean(seeds.map((i) => values[i] ?? 0))
    const found = bootstrap(values.length, at)
    const { ci95 } = summaryOf(values)
    expect(found?.low).closeTo(ci95?.low ?? 0, 0.01)
    expect(found?.high).closeTo(ci95?.high ?? 0, 0.01)
    expect(bootstrap(values.length, at)).deep.equal(found)
  })

  it('draws have the means, the median and the shape that they are asked for', () => {
    const random = stream(1, 'test')
    const many = (draw: () => number): number[] => Array.from({ length: 20_000 }, draw).sort((a, b) => a - b)
    expect(mean(many(() => exponential(random, 7)))).closeTo(7, 0.2)
    const lives = many(() => weibull(random, 0.75, 720))
    expect(mean(lives)).closeTo(720, 25)
    // median of a Weibull: scale (ln 2)^(1/shape); scale = 720 / Γ(1 + 4/3) = 604.7
    expect(quantile(lives, 0.5)).closeTo(604.7 * Math.log(2) ** (4 / 3), 12)
    const repairs = many(() => lognormal(random, 63, 272))
    expect(quantile(repairs, 0.5)).closeTo(63, 3)
    expect(mean(repairs)).closeTo(272, 30)
  })

  it('purposes of one seed draw apart, the same purpose draws the same', () => {
    const first = (seed: number, purpose: string): number => stream(seed, purpose).u32()
    expect(first(1, 'a')).equal(first(1, 'a'))
    expect(new Set([first(1, 'a'), first(1, 'b'), first(2, 'a'), first(2, 'b')]).size).equal(4)
  })
})
