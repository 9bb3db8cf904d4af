import { expect } from 'chai'
import type { Input } from '../../../src/reducers/reducer.ts'
import { timeSlots } from '../../../src/reducers/time-slots.ts'
import type { TimeSlotsState } from '../../../src/reducers/time-slots.ts'
import { NIL } from '../../../src/types/ids.ts'
import type { Digest } from '../../../src/types/ids.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const seed: Digest = `0x${'07'.repeat(32)}`
const params = { slots: 4 }
const own = (wanted: bigint, period = 1n): TimeSlotsState => ({
  seed: NIL,
  period,
  slots: 0,
  rows: [{ member: 0, wanted, granted: 0n }],
})
const input = (member: number, wanted: bigint, period = 1n): Input<TimeSlotsState> => ({
  member,
  state: own(wanted, period),
})
const aggregate = (inputs: Input<TimeSlotsState>[]): TimeSlotsState =>
  timeSlots.aggregateStatus(inputs, params, { ...BARE_CONTEXT, seed })

describe('time-slots@1', () => {
  const refused: [name: string, state: TimeSlotsState][] = [
    ['a seed', { ...own(1n), seed }],
    ['a number of slots', { ...own(1n), slots: 4 }],
    ['no row', { ...own(1n), rows: [] }],
    ['a member', { ...own(1n), rows: [{ member: 1, wanted: 1n, granted: 0n }] }],
    ['a granted slot', { ...own(1n), rows: [{ member: 0, wanted: 1n, granted: 1n }] }],
    ['a bid for a slot that does not exist', own(0b10000n)],
  ]
  for (const [name, state] of refused) {
    it(`refuses an input with ${name}`, () => expect(timeSlots.validate(state, params)).to.equal(false))
  }

  it('refuses 0 and 65 slots', () => {
    for (const slots of [0, 65]) expect(timeSlots.params.decode(Uint8Array.of(slots))).to.equal(null)
    expect(timeSlots.params.decode(Uint8Array.of(64))).to.deep.equal({ slots: 64 })
  })

  it('grants nothing to nobody', () => {
    expect(aggregate([])).to.deep.equal({ seed, period: 0n, slots: 4, rows: [] })
  })

  it('gives each slot one owner and all the same number, whatever the order of inputs', () => {
    const inputs = [input(2, 0b1111n), input(5, 0b1111n)]
    const state = aggregate(inputs)
    expect(aggregate(inputs.toReversed())).to.deep.equal(state)
    const [a, b] = state.rows.map(({ granted }) => granted)
    expect([a! | b!, a! & b!]).to.deep.equal([0b1111n, 0n])
    expect([0b0101n, 0b1010n]).to.include(a)
  })

  it('draws another order in each period', () => {
    const first = (period: bigint): number =>
      aggregate([0, 1, 2, 3, 4].map((member) => input(member, 1n, period))).rows.findIndex(
        ({ granted }) => granted === 1n,
      )
    const winners = Array.from({ length: 60 }, (_, period) => first(BigInt(period)))
    expect(new Set(winners).size).to.equal(5)
  })

  it('takes the lower median of the periods', () => {
    const bids = [input(0, 1n, 9n), input(1, 1n, 2n ** 64n - 1n), input(2, 1n, 8n), input(3, 1n, 0n)]
    expect(aggregate(bids).period).to.equal(8n)
  })

  it('merges the bids of states with its seed, for the larger period', () => {
    const [a, b] = [
      aggregate([input(0, 0b0001n, 1n)]),
      aggregate([input(0, 0b0010n, 2n), input(1, 0b1000n, 2n)]),
    ]
    const merged = timeSlots.aggregateShare(a, [{ member: 1, state: b }], params)
    expect(merged.period).to.equal(2n)
    expect(merged.rows.map(({ wanted }) => wanted)).to.deep.equal([0b0011n, 0b1000n])
    expect(merged.rows.map(({ granted }) => granted)).to.deep.equal([0b0011n, 0b1000n])
    expect(timeSlots.aggregateShare(a, [{ member: 1, state: { ...b, seed: NIL } }], params)).to.deep.equal(a)
  })

  it('hands the slots out anew among those who stay', () => {
    const current = aggregate([input(0, 0b1111n), input(1, 0b1111n)])
    const closed = timeSlots.aggregateClose(current, [input(1, 1n)], params, BARE_CONTEXT)
    expect(closed.rows).to.deep.equal([{ member: 1, wanted: 0b1111n, granted: 0b1111n }])
  })
})
