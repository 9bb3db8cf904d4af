import { expect } from 'chai'
import { median } from '../../../src/reducers/median.ts'
import type { MedianState } from '../../../src/reducers/median.ts'
import type { Input } from '../../../src/reducers/reducer.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const params = { min: -50n, max: 1000n }
const own = (value: bigint): MedianState => ({ median: 0n, rows: [{ member: 0, value }] })
const input = (member: number, value: bigint): Input<MedianState> => ({ member, state: own(value) })
const of = (...values: bigint[]): bigint =>
  median.aggregateStatus(
    values.map((value, i) => input(i, value)),
    params,
    BARE_CONTEXT,
  ).median

describe('median@1', () => {
  const refused: [name: string, state: MedianState][] = [
    ['a median', { ...own(5n), median: 5n }],
    ['no row', { median: 0n, rows: [] }],
    ['two rows', { median: 0n, rows: [0, 1].map((member) => ({ member, value: 5n })) }],
    ['a member', { median: 0n, rows: [{ member: 1, value: 5n }] }],
    ['a value below min', own(-51n)],
    ['a value above max', own(1001n)],
  ]
  for (const [name, state] of refused) {
    it(`refuses an input with ${name}`, () => expect(median.validate(state, params)).to.equal(false))
  }

  it('refuses params with min above max', () => {
    expect(median.params.decode(median.params.encode({ min: 1n, max: 0n }))).to.equal(null)
    expect(median.params.decode(median.params.encode(params))).to.deep.equal(params)
  })

  it('takes the lower of two in the middle, and 0 of none', () => {
    expect(of()).to.equal(0n)
    expect(of(7n)).to.equal(7n)
    expect(of(9n, 3n)).to.equal(3n)
    expect(of(9n, 3n, 5n)).to.equal(5n)
    expect(of(1000n, -50n, 2n, 3n)).to.equal(2n)
    expect(of(10n, 9n, -2n, -3n)).to.equal(-2n)
  })

  it('merges all rows; of two values of one member the smaller counts', () => {
    const at = (...rows: [number, bigint][]): MedianState => ({
      median: 0n,
      rows: rows.map(([member, value]) => ({ member, value })),
    })
    const merged = median.aggregateShare(
      at([0, 5n], [2, 8n]),
      [{ member: 1, state: at([1, 9n], [2, 7n]) }],
      params,
    )
    expect(merged).to.deep.equal({ ...at([0, 5n], [1, 9n], [2, 7n]), median: 7n })
  })

  it('closes without the rows of those who left', () => {
    const current = median.aggregateStatus([input(0, 1n), input(3, 9n)], params, BARE_CONTEXT)
    expect(median.aggregateClose(current, [input(3, 1n)], params, BARE_CONTEXT)).to.deep.equal({
      median: 9n,
      rows: [{ member: 3, value: 9n }],
    })
  })
})
