import { expect } from 'chai'
import fc from 'fast-check'
import {
  areaUnderRoc,
  averagePrecision,
  eventF1,
  hitsAtFalseAlarms,
  macroF1,
  rmse,
  segmentsOf,
} from '../../../src/learning/measures.ts'
import { holds } from '../../helpers/holds.ts'

const yes = (labels: string): boolean[] => Array.from(labels).map((label) => label === '1')

/** Scores with ties, and labels of both kinds. */
const scored = fc
  .array(fc.record({ score: fc.nat(6), label: fc.boolean() }), { minLength: 2, maxLength: 40 })
  .filter((rows) => rows.some(({ label }) => label) && rows.some(({ label }) => !label))

describe('measures of a scorer', () => {
  it('say nothing good without a positive label', () => {
    expect(averagePrecision([3, 2, 1], yes('000'))).equal(0)
    expect(areaUnderRoc([3, 2, 1], yes('000'))).equal(0.5)
    expect(hitsAtFalseAlarms([3, 2, 1], yes('000'), 0.1)).equal(0)
    expect(eventF1([3, 2, 1], yes('000'), 1).f1).equal(0)
    expect(rmse([], [])).equal(0)
  })

  it('give average precision as its definition does, ties at once', () => {
    // sorted: 1 0 1 0 -> (1/1 + 2/3) / 2
    expect(averagePrecision([4, 3, 2, 1], yes('1010'))).closeTo((1 + 2 / 3) / 2, 1e-12)
    // a constant scorer has the share of positives
    expect(averagePrecision([1, 1, 1, 1], yes('0100'))).equal(0.25)
  })

  it('give the area as the share of pairs in the right order', () => {
    holds(
      fc.property(scored, (rows) => {
        const [above, below] = [true, false].map((kind) =>
          rows.filter(({ label }) => label === kind).map(({ score }) => score),
        )
        let wins = 0
        for (const a of above ?? []) for (const b of below ?? []) wins += a > b ? 1 : a === b ? 0.5 : 0
        const pairs = (above?.length ?? 0) * (below?.length ?? 0)
        const area = areaUnderRoc(
          rows.map(({ score }) => score),
          rows.map(({ label }) => label),
        )
        expect(area).closeTo(wins / pairs, 1e-9)
      }),
    )
  })

  it('give average precision as a sum over thresholds does', () => {
    holds(
      fc.property(scored, (rows) => {
        const positives = rows.filter(({ label }) => label).length
        let sum = 0
        let recallBefore = 0
        for (const threshold of [6, 5, 4, 3, 2, 1, 0]) {
          const taken = rows.filter(({ score }) => score >= threshold)
          if (taken.length === 0) continue
          const hits = taken.filter(({ label }) => label).length
          sum += (hits / positives - recallBefore) * (hits / taken.length)
          recallBefore = hits / positives
        }
        const given = averagePrecision(
          rows.map(({ score }) => score),
          rows.map(({ label }) => label),
        )
        expect(given).closeTo(sum, 1e-9)
      }),
    )
  })

  it('find an event by one row, and make a scorer that flags everything pay', () => {
    const labels = yes('0011100010')
    expect(segmentsOf(labels)).deep.equal([
      { from: 2, to: 4 },
      { from: 8, to: 8 },
    ])
    expect(eventF1([0, 0, 0, 9, 0, 0, 0, 0, 9, 0], labels, 9)).deep.equal({ precision: 1, recall: 1, f1: 1 })
    expect(eventF1([0, 0, 0, 9, 0, 0, 0, 0, 0, 0], labels, 9).recall).equal(0.5)
    expect(
      eventF1(
        labels.map(() => 9),
        labels,
        9,
      ).precision,
    ).equal(0.4)
  })

  it('count hits above what the false alarms allow', () => {
    const scores = [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]
    const labels = yes('1010000000')
    // no false alarm allowed: only what is above 9
    expect(hitsAtFalseAlarms(scores, labels, 0)).equal(0.5)
    expect(hitsAtFalseAlarms(scores, labels, 0.125)).equal(1)
  })

  it('average F1 over the classes that occur', () => {
    const { macro, byClass } = macroF1([0, 0, 1, 1], [0, 0, 0, 1], 3)
    expect(byClass.map(({ f1 }) => f1)).deep.equal([0.8, 2 / 3, 0])
    expect(macro).closeTo((0.8 + 2 / 3) / 2, 1e-12)
    expect(rmse([1, 2], [1, 4])).closeTo(Math.sqrt(2), 1e-12)
  })
})
