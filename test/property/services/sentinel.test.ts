import { expect } from 'chai'
import fc from 'fast-check'
import { residualScoreOf, treesScoresOf } from '../../../src/audit/scores.ts'
import { Dice } from '../../../src/learning/dice.ts'
import { fitIsolation } from '../../../src/learning/fit-isolation.ts'
import { fitResidual } from '../../../src/learning/fit-residual.ts'
import { fitBoosted, fitForest } from '../../../src/learning/fit-trees.ts'
import { insiderScore, poolOf, profileOf } from '../../../src/services/sentinel/behaviour.ts'
import { log2Ratio } from '../../../src/services/sentinel/fixed.ts'
import { LEVEL, NO_LEVEL, watchLevel } from '../../../src/services/sentinel/level.ts'
import { lifeFeatures } from '../../../src/services/sentinel/life.ts'
import { modelHash, modelText, readModel } from '../../../src/services/sentinel/model.ts'
import type { ResidualModel } from '../../../src/services/sentinel/model.ts'
import { residualParts, residualScore, windowLength } from '../../../src/services/sentinel/residual.ts'
import { contributions, treesScores } from '../../../src/services/sentinel/trees.ts'
import { holds } from '../../helpers/holds.ts'

/** Rows of correlated metrics of a machine that works. */
function usualRows(seed: number, count: number): number[][] {
  const dice = new Dice(seed)
  return Array.from({ length: count }, () => {
    const load = dice.below(1_000_000)
    return [load, load + dice.below(50_000), 2 * load + dice.below(90_000), dice.below(400_000)]
  })
}

/** Values at every bound: none, nought, ±1, ±2⁴¹, beyond, the largest integers. */
const value = fc.oneof(
  fc.constant(null),
  fc.integer({ min: -2_000_000, max: 2_000_000 }),
  fc.constantFrom(0, -1, 2 ** 41, -(2 ** 41), 2 ** 41 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER),
)
const windowOf = (width: number): fc.Arbitrary<(number | null)[][]> =>
  fc.array(fc.array(value, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 7 })

/** Weights of any size, as far as a model file may hold them. */
const wildModel = fc.record({
  centers: fc.array(fc.integer({ min: -(2 ** 41), max: 2 ** 41 }), { minLength: 4, maxLength: 4 }),
  widths: fc.array(fc.integer({ min: 1, max: 2 ** 41 }), { minLength: 4, maxLength: 4 }),
  components: fc.array(fc.array(fc.integer({ min: -16_384, max: 16_384 }), { minLength: 4, maxLength: 4 }), {
    maxLength: 4,
  }),
  errors: fc.array(fc.integer({ min: 1, max: 2 ** 20 }), { minLength: 4, maxLength: 4 }),
  smooth: fc.integer({ min: 1, max: 5 }),
})

describe('scores', () => {
  const fitted = fitResidual(usualRows(3, 400), { about: 'test', lags: [0, 2], smooth: 3, share: 0.8 })

  it('of a residual model are the auditor’s, over 20,000 windows, to the last bit', () => {
    const dice = new Dice(20_261_130)
    const rows = usualRows(5, 20_000).map((row) =>
      dice.below(9) === 0 ? row.map((x) => x * dice.below(40)) : row,
    )
    const length = windowLength(fitted)
    rows.forEach((_, row) => {
      const window = rows.slice(Math.max(0, row + 1 - length), row + 1)
      if (BigInt(residualScore(fitted, window)) !== residualScoreOf(fitted, window))
        expect.fail(`window ${String(row)}`)
    })
  })

  it('of any model that may be read are the auditor’s, at every bound', () => {
    holds(
      fc.property(wildModel, windowOf(4), (wild, window) => {
        const model: ResidualModel = { kind: 'residual@1', about: '', lags: [0], ...wild }
        const text = modelText(model)
        expect(readModel(text, modelHash(text))).deep.equal(model)
        const score = residualScore(model, window)
        expect(Number.isSafeInteger(score)).equal(true)
        expect(BigInt(score)).equal(residualScoreOf(model, window))
      }),
      400,
    )
  })

  it('of the largest model that may be read stay exact', () => {
    const all = (value: number): number[] => Array.from({ length: 256 }, () => value)
    const model: ResidualModel = {
      ...{ kind: 'residual@1', about: '', lags: [0], smooth: 20 },
      ...{ centers: all(-(2 ** 41)), widths: all(1), errors: all(1) },
      components: Array.from({ length: 256 }, () => all(16_384)),
    }
    const window = [all(2 ** 41), all(-(2 ** 41)).map((value, at) => value + at)]
    const score = residualScore(model, window)
    expect(Number.isSafeInteger(score)).equal(true)
    expect(BigInt(score)).equal(residualScoreOf(model, window))
  })

  it('of a residual model have parts that add up, and a missing value adds less than a wild one', () => {
    holds(
      fc.property(windowOf(4), (window) => {
        const parts = residualParts(fitted, window)
        const sum = parts.reduce((total, part) => total + part, 0)
        expect(Math.abs(sum - residualScore(fitted, window) * fitted.errors.length)).at.most(
          fitted.errors.length + parts.length,
        )
      }),
    )
    const usual = usualRows(9, 5)
    const last = usual.at(-1) ?? []
    const score = (cell: number | null): number =>
      residualScore(fitted, [...usual.slice(0, -1), [...last.slice(0, 3), cell]])
    expect(score(null)).lessThan(score(90_000_000))
    expect(residualScore(fitted, usual)).within(0, 4_096)
  })

  it('of trees are the auditor’s; contributions and the mean of the leaves make the sum', () => {
    const rows = usualRows(7, 300)
    const targets = rows.map(([load = 0]) => Math.floor(load / 1_000))
    const boosted = fitBoosted(rows, targets, {
      seed: 1,
      trees: 12,
      depthMax: 4,
      rowsMin: 3,
      tried: 3,
      share: 0.7,
      rate: 0.3,
    })
    const bagged = fitForest(
      rows,
      targets.map((target) => (target > 500 ? 1 : 0)),
      2,
      { seed: 1, trees: 9, depthMax: 5, rowsMin: 1, tried: 2, perClass: 60 },
    )
    const models = [
      { ...boosted, divisor: 1 },
      { ...bagged, base: [0, 0], divisor: 9 },
      { ...fitIsolation(rows, 1, 10), base: [0], divisor: 7 },
    ]
    holds(
      fc.property(
        fc.array(fc.integer({ min: -(2 ** 41), max: 2 ** 41 }), { minLength: 4, maxLength: 4 }),
        (row) => {
          for (const model of models)
            expect(treesScores(model, row).map(BigInt)).deep.equal(treesScoresOf(model, row))
        },
      ),
    )
    const right = rows.filter((row, place) => {
      const [no = 0, yes = 0] = treesScores({ ...bagged, base: [0, 0], divisor: 9 }, row)
      return yes > no === (targets[place] ?? 0) > 500
    })
    expect(right.length).greaterThan(285)
    const most = [...contributions(boosted, [999_999, 999_999, 1_999_999, 0], 0)].sort(
      ([, a], [, b]) => b - a,
    )[0]
    expect(most?.[0]).lessThan(3)
    expect(most?.[1]).greaterThan(0)
  })

  it('are the same when a model is trained again, and others with another seed', () => {
    const rows = usualRows(7, 200)
    const trained = (seed: number): string => modelHash(JSON.stringify(fitIsolation(rows, seed, 5)))
    expect(trained(1)).equal(trained(1)).not.equal(trained(2))
    const fit = (): string =>
      modelHash(
        modelText(fitResidual(usualRows(3, 400), { about: 'test', lags: [0, 2], smooth: 3, share: 0.8 })),
      )
    // on every machine: only + − × ÷ and roots; a change of training changes this line
    expect(fit()).equal('0x2525e76124c41dcdb51ccda91910fdbbce8fd29cfa13b3a2afd58748da228bf5')
  })

  it('of a level are quiet on noise, loud once on a jump, and unmoved by what is missing', () => {
    const dice = new Dice(4)
    let state = NO_LEVEL
    const alarms: number[] = []
    for (let row = 0; row < 1_000; row += 1) {
      const verdict = watchLevel(state, row === 800 ? 9_000_000 : 50_000 + dice.below(1_000))
      state = verdict.state
      if (verdict.isAlarm) alarms.push(row)
    }
    expect(alarms).deep.equal([800])
    expect(watchLevel(state, null)).deep.equal({ state, score: 0, isAlarm: false })
    expect(state.recent.length).equal(LEVEL.window)
    holds(
      fc.property(fc.array(value, { maxLength: 80 }), (values) => {
        let kept = NO_LEVEL
        for (const next of values) {
          const { score, state: after } = watchLevel(kept, next)
          expect(Number.isSafeInteger(score) && score >= 0).equal(true)
          kept = after
        }
        expect([...kept.recent].sort((a, b) => a - b)).deep.equal(kept.sorted)
      }),
      100,
    )
  })

  it('of behaviour rise for another hand, and take any text', () => {
    const alice = Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? 'ls -la /tmp' : 'cat notes.txt'))
    const mallory = Array.from({ length: 40 }, (_, at) =>
      at % 2 === 0 ? 'nmap -sV 10.0.0.1' : 'wget http://x',
    )
    const pool = poolOf([profileOf(alice), profileOf(mallory)])
    expect(insiderScore(alice.slice(0, 10), profileOf(alice), pool)).lessThan(0)
    expect(insiderScore(mallory.slice(0, 10), profileOf(alice), pool)).greaterThan(0)
    holds(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 12 }), (actions) => {
        expect(Number.isSafeInteger(insiderScore(actions, profileOf(alice), pool))).equal(true)
        expect(insiderScore(actions, profileOf([]), poolOf([]))).satisfy(Number.isSafeInteger)
      }),
    )
  })

  it('have logarithms that are below the true ones by less than 3/65,536', () => {
    holds(
      fc.property(fc.integer({ min: 1, max: 2 ** 26 }), fc.integer({ min: 1, max: 2 ** 26 }), (a, b) => {
        expect(Math.abs(log2Ratio(a, b) / 65_536 - Math.log2(a / b))).lessThan(3 / 65_536)
      }),
    )
    expect(log2Ratio(8, 1)).equal(3 * 65_536)
  })

  it('of a life grow with it', () => {
    expect(lifeFeatures([[5, 7]])).deep.equal([1, 5, 5, 0, 7, 7, 0])
    const cycles = Array.from({ length: 60 }, (_, cycle) => [cycle])
    expect(lifeFeatures(cycles)).deep.equal([60, 54, 39, 47])
  })
})
