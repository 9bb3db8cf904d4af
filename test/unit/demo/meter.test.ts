import { expect } from 'chai'
import fc from 'fast-check'
import { Meter, WINDOWS_KEPT } from '../../../src/demo/meter.ts'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { InvariantError } from '../../../src/types/errors.ts'
import { holds } from '../../helpers/holds.ts'

const WINDOW_MS = 100

function meter(budget = 1_000): { meter: Meter; clock: VirtualClock } {
  const clock = new VirtualClock()
  clock.advance(12_345)
  return { clock, meter: new Meter({ budget, windowMs: WINDOW_MS, nowMs: () => clock.nowMs() }) }
}

describe('Meter', () => {
  it('refuses budgets, windows and requests that are no natural numbers', () => {
    const nowMs = (): number => 0
    for (const budget of [-1, 0.5, Number.NaN, Infinity]) {
      expect(() => new Meter({ budget, windowMs: 1, nowMs }), String(budget)).to.throw(InvariantError)
      expect(() => meter().meter.setBudget(budget), String(budget)).to.throw(InvariantError)
    }
    for (const windowMs of [0, -1, 0.5, Number.NaN]) {
      expect(() => new Meter({ budget: 1, windowMs, nowMs }), String(windowMs)).to.throw(InvariantError)
    }
    for (const tokens of [0, -1, 0.5, Number.NaN]) {
      expect(() => meter().meter.take(tokens, null), String(tokens)).to.throw(InvariantError)
    }
  })

  it('rejects what the rest of the window does not cover, and says until when', () => {
    const { meter: m, clock } = meter()
    clock.advance(30)
    expect(m.take(600, null)).to.deep.equal({ kind: 'served' })
    expect(m.take(401, null)).to.deep.equal({ kind: 'rejected', retryAfterMs: 70 })
    expect(m.take(400, null)).to.deep.equal({ kind: 'served' })
    expect(m.take(1, null).kind).to.equal('rejected')
    expect(m.usage(1, 1)).to.deep.equal([
      { window: 1, budget: 1_000, served: 1_000, rejected: 402, unused: 0, overBudget: 402 },
    ])
  })

  it('counts neither a request for another window nor one above any budget', () => {
    const { meter: m, clock } = meter()
    expect(m.take(1, 2)).to.deep.equal({ kind: 'stale' })
    clock.advance(WINDOW_MS)
    expect(m.take(1, 1)).to.deep.equal({ kind: 'stale' })
    expect(m.take(1_001, 2)).to.deep.equal({ kind: 'impossible' })
    expect(m.usage(1, 2).map(({ served, rejected }) => served + rejected)).to.deep.equal([0, 0])
    expect(m.take(1_000, 2)).to.deep.equal({ kind: 'served' })
  })

  it('begins a window exactly when the one before is over', () => {
    const { meter: m, clock } = meter()
    clock.advance(WINDOW_MS - 1)
    expect(m.now()).to.deep.equal({ window: 1, elapsedMs: WINDOW_MS - 1 })
    m.take(1_000, null)
    clock.advance(1)
    expect(m.now()).to.deep.equal({ window: 2, elapsedMs: 0 })
    expect(m.take(1_000, null).kind).to.equal('served')
  })

  it('changes the budget with the next window, not before', () => {
    const { meter: m, clock } = meter()
    expect(m.setBudget(500)).to.equal(2)
    expect(m.setBudget(300)).to.equal(2)
    expect(m.take(1_000, null).kind).to.equal('served')
    clock.advance(WINDOW_MS)
    expect(m.take(301, null).kind).to.equal('impossible')
    expect(m.setBudget(2_000)).to.equal(3)
    clock.advance(WINDOW_MS)
    expect(m.usage(1, 9).map(({ budget }) => budget)).to.deep.equal([1_000, 300, 2_000])
  })

  it('reports empty windows too, and none that has not begun', () => {
    const { meter: m, clock } = meter()
    clock.advance(2 * WINDOW_MS)
    expect(m.usage(1, 99).map(({ window, unused }) => [window, unused])).to.deep.equal([
      [1, 1_000],
      [2, 1_000],
      [3, 1_000],
    ])
    expect(m.usage(2, 2)).to.have.length(1)
    expect(m.usage(4, 9)).to.deep.equal([])
  })

  it('forgets windows that are long over, not the budget they set', () => {
    const { meter: m, clock } = meter()
    m.take(1, null)
    m.setBudget(700)
    clock.advance(2 * WINDOWS_KEPT * WINDOW_MS)
    m.setBudget(600)
    m.take(1, null)
    const usage = m.usage(1, Infinity)
    expect(usage).to.have.length(WINDOWS_KEPT)
    expect(usage.at(0)?.budget).to.equal(700)
    expect(usage.at(-1)).to.deep.include({ budget: 700, served: 1 })
  })

  it('never serves more than a window’s budget, and counts every token once', () => {
    const request = fc.record({ tokens: fc.integer({ min: 1, max: 600 }), afterMs: fc.nat(80) })
    const change = fc.record({ budget: fc.nat(900), afterMs: fc.nat(80) })
    holds(
      fc.property(fc.array(fc.oneof({ weight: 5, arbitrary: request }, change)), (steps) => {
        const { meter: m, clock } = meter(500)
        let counted = 0
        for (const step of steps) {
          clock.advance(step.afterMs)
          if ('budget' in step) m.setBudget(step.budget)
          else if (m.take(step.tokens, null).kind !== 'impossible') counted += step.tokens
        }
        const usage = m.usage(1, Infinity)
        for (const { budget, served, rejected, unused, overBudget } of usage) {
          expect(served).at.most(budget)
          expect(unused).to.equal(budget - served)
          expect(overBudget).at.most(rejected)
        }
        const total = usage.reduce((sum, { served, rejected }) => sum + served + rejected, 0)
        expect(total).to.equal(counted)
      }),
    )
  })
})
