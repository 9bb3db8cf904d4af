import { expect } from 'chai'
import fc from 'fast-check'
import { Histogram } from '../../../src/lab/histogram.ts'
import { holds } from '../../helpers/holds.ts'

const values = fc.array(fc.integer({ min: 0, max: 0x7fff_ffff }), { minLength: 1, maxLength: 300 })

function of(list: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of list) histogram.add(value)
  return histogram
}

describe('histograms', () => {
  it('say nothing where fewer than ten samples lie beyond', () => {
    expect(of(Array.from({ length: 99 }, (_, i) => i)).percentile(0.9)).equal(null)
    expect(of(Array.from({ length: 100 }, (_, i) => i)).percentile(0.9)).equal(89)
    expect(new Histogram().percentile(0.5)).equal(null)
  })

  it('a percentile is that of the sorted values, at most a thirty-second too much', () => {
    holds(
      fc.property(values, fc.constantFrom(0.1, 0.5, 0.9), (list, share) => {
        const found = of(list).percentile(share)
        if (found === null) return Math.floor(list.length * (1 - share) + 1e-6) < 10
        const exact = [...list].sort((a, b) => a - b)[Math.ceil(share * list.length) - 1] ?? 0
        return found >= exact && found <= exact * (1 + 1 / 32)
      }),
    )
  })

  it('add up: parts merged are the whole, in any order', () => {
    holds(
      fc.property(values, values, (a, b) => {
        const whole = JSON.stringify(of([...a, ...b]))
        return JSON.stringify(of(a).merge(of(b))) === whole && JSON.stringify(of(b).merge(of(a))) === whole
      }),
    )
  })

  it('come back from a file', () => {
    holds(
      fc.property(values, (list) => {
        const kept = JSON.stringify(of(list))
        return JSON.stringify(Histogram.of(JSON.parse(kept) as number[])) === kept
      }),
    )
  })

  it('percentiles do not: their mean is not that of all', () => {
    const fast = Array.from({ length: 900 }, () => 10)
    const slow = Array.from({ length: 100 }, () => 1000)
    const average = ((of(fast).percentile(0.5) ?? 0) + (of(slow).percentile(0.5) ?? 0)) / 2
    expect(of([...fast, ...slow]).percentile(0.5)).equal(10)
    expect(average).greaterThan(500)
  })
})
