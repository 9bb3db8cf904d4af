import { expect } from 'chai'
import { fromHex } from '../../../src/codec/hex.ts'
import { rateLimit } from '../../../src/reducers/rate-limit.ts'
import type { RateLimitRow, RateLimitState } from '../../../src/reducers/rate-limit-codec.ts'
import type { Input } from '../../../src/reducers/reducer.ts'
import type { LedgerEvent } from '../../../src/types/ledger.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const params = { budget: 10n, demandMax: 100n }
const own = (demand: bigint): RateLimitState => ({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
const input = (member: number, demand: bigint): Input<RateLimitState> => ({ member, state: own(demand) })
const row = (member: number, demand: bigint, share: bigint): RateLimitRow => ({ member, demand, share })
const event = (seq: number, hex: string): LedgerEvent => ({ seq, kind: 'posted', data: fromHex(`0x${hex}`) })
const aggregate = (inputs: Input<RateLimitState>[], ...events: LedgerEvent[]): RateLimitState =>
  rateLimit.aggregateStatus(inputs, params, { ...BARE_CONTEXT, events })

describe('rate-limit@1', () => {
  describe('validate', () => {
    const refused: [name: string, state: RateLimitState][] = [
      ['a budget', { ...own(1n), budget: 1n }],
      ['no row', { budget: 0n, rows: [] }],
      ['two rows', { budget: 0n, rows: [row(0, 1n, 0n), row(1, 1n, 0n)] }],
      ['a member', { budget: 0n, rows: [row(1, 1n, 0n)] }],
      ['a share', { budget: 0n, rows: [row(0, 1n, 1n)] }],
      ['a demand above demandMax', own(101n)],
    ]
    for (const [name, state] of refused) {
      it(`refuses an input with ${name}`, () => expect(rateLimit.validate(state, params)).to.equal(false))
    }

    it('accepts a demand from 0 to demandMax', () => {
      expect(rateLimit.validate(own(0n), params)).to.equal(true)
      expect(rateLimit.validate(own(100n), params)).to.equal(true)
    })
  })

  describe('aggregateStatus', () => {
    it('splits max-min fair and names who gets what', () => {
      expect(aggregate([input(1, 2n), input(4, 9n), input(6, 9n)])).to.deep.equal({
        budget: 10n,
        rows: [row(1, 2n, 2n), row(4, 9n, 4n), row(6, 9n, 4n)],
      })
    })

    it('sorts rows by member number, whatever the order of inputs', () => {
      const state = aggregate([input(10, 9n), input(2, 9n), input(9, 9n)])
      expect(state.rows).to.deep.equal([row(2, 9n, 4n), row(9, 9n, 3n), row(10, 9n, 3n)])
    })

    it('grants nothing to nobody', () => {
      expect(aggregate([])).to.deep.equal({ budget: 10n, rows: [] })
    })

    it('takes the budget from the last event that is 8 bytes long', () => {
      const inputs = [input(0, 50n)]
      expect(aggregate(inputs, event(1, '0000000000000014')).budget).to.equal(20n)
      expect(aggregate(inputs, event(1, '0000000000000014'), event(2, '000000000000001e')).budget).to.equal(
        30n,
      )
      expect(aggregate(inputs, event(1, '0000000000000014'), event(2, 'ff')).budget).to.equal(20n)
      expect(aggregate(inputs, event(1, '')).budget).to.equal(10n)
      expect(aggregate(inputs, event(1, '0000000000000000')).rows).to.deep.equal([row(0, 50n, 0n)])
    })
  })

  describe('aggregateShare', () => {
    const a: RateLimitState = { budget: 10n, rows: [row(0, 4n, 4n), row(2, 3n, 3n)] }
    const b: RateLimitState = { budget: 12n, rows: [row(1, 9n, 8n), row(2, 5n, 4n)] }

    it('unites rows with the larger demand and splits the larger budget again', () => {
      const merged = { budget: 12n, rows: [row(0, 4n, 4n), row(1, 9n, 4n), row(2, 5n, 4n)] }
      expect(rateLimit.aggregateShare(a, [{ member: 1, state: b }], params)).to.deep.equal(merged)
      expect(rateLimit.aggregateShare(b, [{ member: 0, state: a }], params)).to.deep.equal(merged)
    })

    it('changes nothing when all agree', () => {
      const state = aggregate([input(0, 7n), input(1, 9n)])
      expect(rateLimit.aggregateShare(state, [{ member: 1, state }], params)).to.deep.equal(state)
    })
  })

  describe('aggregateClose', () => {
    const current = aggregate([input(0, 9n), input(1, 9n), input(2, 1n)])

    it('splits the current budget anew among those who stay', () => {
      const staying = [input(1, 5n), input(2, 1n)]
      expect(rateLimit.aggregateClose(current, staying, params, BARE_CONTEXT)).to.deep.equal({
        budget: 10n,
        rows: [row(1, 9n, 9n), row(2, 1n, 1n)],
      })
    })

    it('adds nobody who had no row', () => {
      expect(rateLimit.aggregateClose(current, [input(7, 5n)], params, BARE_CONTEXT)).to.deep.equal({
        budget: 10n,
        rows: [],
      })
    })
  })
})
