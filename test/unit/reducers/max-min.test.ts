import { expect } from 'chai'
import { maxMinSplit } from '../../../src/reducers/max-min.ts'

describe('maxMinSplit', () => {
  const cases: [name: string, budget: bigint, demands: bigint[], shares: bigint[]][] = [
    ['nobody', 10n, [], []],
    ['nothing to split', 0n, [3n, 0n, 2n], [0n, 0n, 0n]],
    ['all demands fit', 10n, [1n, 2n, 3n], [1n, 2n, 3n]],
    ['all demands fit exactly', 6n, [1n, 2n, 3n], [1n, 2n, 3n]],
    ['one unit short', 5n, [1n, 2n, 3n], [1n, 2n, 2n]],
    ['equal split', 9n, [5n, 5n, 5n], [3n, 3n, 3n]],
    ['left-over units go to the first unsatisfied', 11n, [5n, 5n, 5n], [4n, 4n, 3n]],
    ['a satisfied demand gets no left-over unit', 10n, [2n, 9n, 2n, 9n, 9n], [2n, 2n, 2n, 2n, 2n]],
    ['left-over units skip the satisfied', 8n, [1n, 9n, 1n, 9n, 9n], [1n, 2n, 1n, 2n, 2n]],
    ['order of demands, not their size, decides', 4n, [9n, 5n, 7n], [2n, 1n, 1n]],
    ['less budget than members', 2n, [9n, 0n, 9n, 9n], [1n, 0n, 1n, 0n]],
    ['u64 amounts', 2n ** 64n - 1n, [2n ** 64n - 1n, 2n ** 64n - 1n], [2n ** 63n, 2n ** 63n - 1n]],
  ]
  for (const [name, budget, demands, shares] of cases) {
    it(name, () => expect(maxMinSplit(budget, demands)).to.deep.equal(shares))
  }

  it('leaves its argument alone', () => {
    const demands = Object.freeze([3n, 1n, 2n])
    maxMinSplit(4n, demands)
    expect(demands).to.deep.equal([3n, 1n, 2n])
  })
})
