import { expect } from 'chai'
import { rateLease } from '../../../src/reducers/rate-lease.ts'
import { leaseClaim } from '../../../src/reducers/rate-lease-codec.ts'
import type { RateLeaseState } from '../../../src/reducers/rate-lease-codec.ts'
import { encodeBudgetEvent } from '../../../src/reducers/rate-limit-codec.ts'
import { BARE_CONTEXT } from '../../helpers/context.ts'

const params = { budget: 100n, demandMax: 1_000n, floor: 20n, leaseWindows: 3 }
const members = Array.from({ length: 4 }, () => ({ key: `0x${'00'.repeat(20)}` as const, weight: 1 }))
/** Seat, window, demand, sent. */
type Said = readonly [member: number, window: number, demand: number, sent?: number]

const lend = (said: readonly Said[], before?: RateLeaseState, budget?: bigint): RateLeaseState =>
  rateLease.aggregateStatus(
    said.map(([member, window, demand, sent = 0]) => ({
      member,
      state: leaseClaim(BigInt(window), BigInt(demand), BigInt(sent)),
    })),
    params,
    {
      ...BARE_CONTEXT,
      members,
      previous: before === undefined ? new Uint8Array() : rateLease.state.encode(before),
      events: budget === undefined ? [] : [{ seq: 1, kind: 'posted', data: encodeBudgetEvent(budget) }],
    },
  )
const shares = ({ rows }: RateLeaseState): (number | undefined)[] =>
  members.map((_, member) => {
    const share = rows.find((row) => row.member === member)?.share
    return share === undefined ? undefined : Number(share)
  })
const all = (window: number, ...demands: number[]): Said[] =>
  demands.map((demand, member) => [member, window, demand])

describe('rate-lease@1', () => {
  describe('validate', () => {
    const own = leaseClaim(5n, 7n, 3n)
    const [row] = own.rows
    const refused: [name: string, state: RateLeaseState][] = [
      ['a budget', { ...own, budget: 1n }],
      ['no row', { ...own, rows: [] }],
      ['two rows', { ...own, rows: [row!, { ...row!, member: 1 }] }],
      ['a member', { ...own, rows: [{ ...row!, member: 1 }] }],
      ['a lease', { ...own, rows: [{ ...row!, share: 1n }] }],
      ['an end', { ...own, rows: [{ ...row!, end: 1n }] }],
      ['a pledge', { ...own, rows: [{ ...row!, pledge: 1n }] }],
      ['more sent than claimed', leaseClaim(5n, 7n, 8n)],
      ['a claim above demandMax', leaseClaim(5n, 1_001n, 0n)],
      ['a window beyond all ends', leaseClaim(2n ** 64n - 1n, 7n, 0n)],
    ]
    for (const [name, state] of refused)
      it(`refuses an input with ${name}`, () => expect(rateLease.validate(state, params)).to.equal(false))
    it('accepts a claim', () => expect(rateLease.validate(own, params)).to.equal(true))
  })

  it('params: no lease lasts 0 or 17 windows, no budget is above demandMax', () => {
    const decoded = (change: object): unknown =>
      rateLease.params.decode(rateLease.params.encode({ ...params, ...change }))
    for (const change of [{ leaseWindows: 0 }, { leaseWindows: 17 }, { budget: 1_001n }])
      expect(decoded(change)).to.equal(null)
    expect(decoded({})).to.deep.equal(params)
  })

  it('lends at once what others do not claim, and evenly what nobody claims', () => {
    expect(shares(lend(all(1, 200, 5, 5, 5)))).to.deep.equal([85, 5, 5, 5])
    expect(shares(lend(all(1, 10, 0, 0, 50)))).to.deep.equal([16, 16, 16, 50])
  })

  it('takes from a lease only what its holder knows of: first it is cut, then the rest is lent', () => {
    const first = lend(all(1, 200, 5, 5, 5))
    const second = lend(all(2, 200, 200, 5, 5), first)
    expect(shares(second), 'member 0 may not know').to.deep.equal([45, 5, 5, 5])
    expect(shares(lend(all(3, 200, 200, 5, 5), second))).to.deep.equal([45, 45, 5, 5])
  })

  it('counts what a cut member has sent in the window already', () => {
    const first = lend(all(1, 200, 5, 5, 5))
    const second = lend(all(1, 200, 200, 5, 5), first)
    const third = lend([[0, 1, 200, 85], ...all(1, 0, 200, 5, 5).slice(1)], second)
    expect(shares(third)).to.deep.equal([45, 5, 5, 5])
    expect(third.rows[0]?.held).to.equal(85n)
  })

  it('believes nobody that it has sent more than it was allowed to', () => {
    const liar: Said = [0, 1, 1_000, 1_000]
    expect(shares(lend([liar, ...all(1, 0, 200, 5, 5).slice(1)]))).to.deep.equal([45, 45, 5, 5])
  })

  it('keeps the lease of who is silent until it is over, then its floor', () => {
    const first = lend(all(1, 60, 30, 5, 5))
    const silent = (window: number, before: RateLeaseState): RateLeaseState =>
      lend(all(window, 0, 200, 5, 5).slice(1), before)
    const second = silent(2, first)
    expect(shares(second)).to.deep.equal([60, 30, 5, 5])
    const fourth = silent(4, second)
    expect(shares(fourth), 'window 4 is the first without that lease').to.deep.equal([undefined, 70, 5, 5])
  })

  it('agrees on the lower median of the windows, and lends nothing to who is ahead, or far behind', () => {
    const state = lend([
      [0, 9, 50],
      [1, 5, 50],
      [2, 4, 50],
      [3, 3, 50],
    ])
    expect(state.window).to.equal(4n)
    expect(shares(state)).to.deep.equal([undefined, undefined, 30, 30])
    expect(lend(all(2, 1, 1, 1, 1), state).window, 'never falls').to.equal(4n)
    expect(shares(lend(all(2, 1, 1, 1, 1), state)), 'two windows behind').to.deep.equal(shares(state))
  })

  it('fits leases into a lower budget, and lends a greater one', () => {
    const first = lend(all(1, 200, 200, 200, 200))
    expect(shares(first)).to.deep.equal([25, 25, 25, 25])
    expect(shares(lend(all(2, 200, 200, 200, 200), first, 40n))).to.deep.equal([10, 10, 10, 10])
    expect(shares(lend(all(2, 200, 200, 200, 200), first, 200n))).to.deep.equal([50, 50, 50, 50])
    expect(lend(all(2, 1, 1, 1, 1), first, 5_000n).budget, 'demandMax').to.equal(1_000n)
  })

  it('goes on from nothing where the state before is none, and gives nobody anything', () => {
    const context = { ...BARE_CONTEXT, members, previous: Uint8Array.of(1) }
    expect(rateLease.aggregateStatus([], params, context)).to.deep.equal({
      window: 0n,
      budget: 100n,
      rows: [],
    })
  })

  it('leaves leases of who leaves as they are', () => {
    const state = lend(all(1, 60, 30, 5, 5))
    expect(rateLease.aggregateClose(state, [], params, { ...BARE_CONTEXT, members })).to.equal(state)
  })
})
