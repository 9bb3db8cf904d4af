import { expect } from 'chai'
import { popularValue } from '../../../src/reducers/popular-value.ts'
import type { PopularValueState } from '../../../src/reducers/popular-value.ts'
import type { Input } from '../../../src/reducers/reducer.ts'
import { seedRank } from '../../../src/reducers/seed-order.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const value = (digit: number): Digest => `0x${String(digit).repeat(64)}`
const [ONE, TWO, THREE] = [value(1), value(2), value(3)]
const seed = value(7)
const own = (held: Digest): PopularValueState => ({
  seed: NIL,
  value: NIL,
  count: 0,
  rows: [{ member: 0, value: held }],
})
const input = (member: number, held: Digest): Input<PopularValueState> => ({ member, state: own(held) })
const aggregate = (inputs: Input<PopularValueState>[], by = seed): PopularValueState =>
  popularValue.aggregateStatus(inputs, {}, { ...BARE_CONTEXT, seed: by })

describe('popular-value@1', () => {
  const refused: [name: string, state: PopularValueState][] = [
    ['a seed', { ...own(ONE), seed: ONE }],
    ['an elected value', { ...own(ONE), value: ONE }],
    ['a count', { ...own(ONE), count: 1 }],
    ['no row', { ...own(ONE), rows: [] }],
    ['two rows', { ...own(ONE), rows: [0, 1].map((member) => ({ member, value: ONE })) }],
    ['a member', { ...own(ONE), rows: [{ member: 1, value: ONE }] }],
  ]
  for (const [name, state] of refused) {
    it(`refuses an input with ${name}`, () => expect(popularValue.validate(state, {})).to.equal(false))
  }

  it('refuses params that are not empty', () => {
    expect(popularValue.params.decode(Uint8Array.of(0))).to.equal(null)
    expect(popularValue.params.decode(new Uint8Array())).to.deep.equal({})
  })

  it('accepts any value, also 32 zero bytes', () => {
    for (const held of [NIL, ONE]) expect(popularValue.validate(own(held), {})).to.equal(true)
  })

  it('elects nothing of nothing', () => {
    expect(aggregate([])).to.deep.equal({ seed, value: NIL, count: 0, rows: [] })
  })

  it('elects the most frequent, with its count and who held what', () => {
    expect(aggregate([input(1, TWO), input(4, ONE), input(9, TWO)])).to.deep.equal({
      seed,
      value: TWO,
      count: 2,
      rows: [
        { member: 1, value: TWO },
        { member: 4, value: ONE },
        { member: 9, value: TWO },
      ],
    })
  })

  it('gives a tie to the least keccak(seed ‖ value), which another seed orders otherwise', () => {
    const tied = [input(0, ONE), input(1, TWO), input(2, THREE)]
    const winners = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => aggregate(tied, value(digit)).value)
    expect(new Set(winners).size).to.be.greaterThan(1)
    winners.forEach((winner, i) => {
      const ranks = [ONE, TWO, THREE].map((held) => seedRank(value(i + 1), held))
      expect(seedRank(value(i + 1), winner)).to.equal(ranks.toSorted()[0])
    })
  })

  it('merges rows of states with its seed, and leaves others out', () => {
    const [a, b] = [aggregate([input(0, ONE)]), aggregate([input(1, TWO), input(2, TWO)])]
    expect(popularValue.aggregateShare(a, [{ member: 1, state: b }], {})).to.deep.include({
      value: TWO,
      count: 2,
    })
    expect(popularValue.aggregateShare(a, [{ member: 1, state: { ...b, seed: ONE } }], {})).to.deep.equal(a)
  })

  it('closes without the rows of those who left', () => {
    const current = aggregate([input(0, ONE), input(1, TWO), input(2, TWO)])
    const closed = popularValue.aggregateClose(current, [input(0, THREE)], {}, BARE_CONTEXT)
    expect(closed).to.deep.equal({ seed, value: ONE, count: 1, rows: [{ member: 0, value: ONE }] })
  })
})
