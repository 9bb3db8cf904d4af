import { expect } from 'chai'
import { slotOwner, slotStarts } from '../../../src/protocol/schedule.ts'
import { InvariantError } from '../../../src/types/errors.ts'

/** An order that is not the identity. */
const orderOf = (n: number): number[] => Array.from({ length: n }, (_, i) => n - 1 - i)

describe('resynchronisation slots (paper, eq. 8)', () => {
  it('slot_i = ΔT / |A| · rank', () => {
    expect([...slotStarts([2, 0, 3, 1], 40)]).to.deep.equal([
      [2, 0],
      [0, 10],
      [3, 20],
      [1, 30],
    ])
  })

  it('rounds down where ΔT / |A| is no integer', () => {
    expect([...slotStarts([0, 1, 2], 10).values()]).to.deep.equal([0, 3, 6])
  })

  it('refuses a period with fewer ticks than slots', () => {
    expect(() => slotStarts([0, 1, 2, 3], 3)).to.throw(InvariantError)
  })

  it('distinct slots that cover the period, each tick with the owner of its slot, for every n', () => {
    for (let n = 1; n <= 31; n += 1) {
      for (const period of [n, n + 1, 3 * n + 2, 20 * n]) checkSlots(n, period)
    }
  })

  it('goes on from period to period, and back before the first', () => {
    const order = [2, 0, 3, 1]
    for (let tick = 0; tick < 40; tick += 1) {
      expect(slotOwner(order, 40, tick + 80)).to.equal(slotOwner(order, 40, tick))
      expect(slotOwner(order, 40, tick - 40)).to.equal(slotOwner(order, 40, tick))
    }
  })
})

function checkSlots(n: number, period: number): void {
  const order = orderOf(n)
  const starts = [...slotStarts(order, period)]
  expect(new Set(starts.map(([, start]) => start)).size).to.equal(n)
  expect(starts[0]?.[1]).to.equal(0)
  const owners = Array.from({ length: period }, (_, tick) => slotOwner(order, period, tick))
  starts.forEach(([member, start], rank) => {
    const end = starts[rank + 1]?.[1] ?? period
    expect(new Set(owners.slice(start, end))).to.deep.equal(new Set([member]))
    expect(end - start).to.be.within(Math.floor(period / n), Math.ceil(period / n))
  })
}
