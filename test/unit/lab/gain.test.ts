import { expect } from 'chai'
import { gainOf } from '../../../src/lab/gain.ts'
import type { Line } from '../../../src/lab/results.ts'

const lines = (values: readonly number[], first = 1): Line[] =>
  values.map((rate, i) => ({ cell: 'any', seed: first + i, figures: { rate } }))

describe('the gain of a cell over another', () => {
  const none = { value: null, ci95: null }

  it('is none of a single seed, of no shared seeds, of nothing, and of a measure that nobody has', () => {
    expect(gainOf(lines([2]), lines([1]), 'rate')).deep.equal({ n: 1, ...none })
    expect(gainOf(lines([2, 2]), lines([1, 1], 3), 'rate')).deep.equal({ n: 0, ...none })
    expect(gainOf(lines([2, 2]), lines([0, 0]), 'rate')).deep.equal({ n: 2, ...none })
    expect(gainOf(lines([2, 2]), lines([1, 1]), 'other')).deep.equal({ n: 0, ...none })
  })

  it('is zero to the bit against itself', () => {
    const same = lines([3, 5, 8, 13])
    expect(gainOf(same, same, 'rate')).deep.equal({ n: 4, value: 0, ci95: { low: 0, high: 0 } })
  })

  it('is the ratio of the means of the seeds that both have', () => {
    const { n, value, ci95 } = gainOf(lines([20, 30, 40, 999]), lines([10, 20, 30]), 'rate')
    expect([n, value]).deep.equal([3, 0.5])
    // the smallest and the largest ratio of a seed bound what a resample can be
    expect(ci95?.low).within(0.333, 0.5)
    expect(ci95?.high).within(0.5, 1.001)
    expect(ci95?.low).below(ci95?.high ?? 0)
  })

  it('keeps the pairs: a gain of the same part in each seed has no width, however far seeds are apart', () => {
    const { ci95 } = gainOf(lines([3, 30, 300]), lines([2, 20, 200]), 'rate')
    expect(ci95).deep.equal({ low: 0.5, high: 0.5 })
  })
})
