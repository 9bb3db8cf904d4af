import { expect } from 'chai'
import { contendedWindows, variantReport } from '../../../../src/cli/rate-limit/compare-report.ts'
import type { Counted, VariantReport } from '../../../../src/cli/rate-limit/compare-report.ts'
import { WINDOWS_AHEAD } from '../../../../src/cli/rate-limit/provider-source.ts'
import type { Request } from '../../../../src/cli/rate-limit/request-queue.ts'
import { loadTrace, WINDOWS } from '../../../../src/cli/rate-limit/trace.ts'
import { requestsOf, requestsOfMember } from '../../../../src/cli/rate-limit/traffic.ts'
import { agreedSplit, EVENT_HEIGHTS, staticSplit } from './simulated-split.ts'
import type { Split } from './simulated-split.ts'

const of = (id: string, tokens: bigint, arrival: number): Request => ({ id, tokens, arrival })
const usage = (window: number, budget: number, served: number, rejected = 0): Counted['windows'][number] => ({
  window,
  budget,
  served,
  rejected,
  unused: budget - served,
  overBudget: Math.max(0, served + rejected - budget),
})

describe('variantReport', () => {
  const requests = [of('a', 6n, 0.5), of('b', 6n, 0.5), of('c', 6n, 1)]
  const counted: Counted = {
    windows: [usage(8, 5, 0), usage(9, 10, 6, 6), usage(10, 10, 6)],
    log: [
      { seq: 1, id: 'a', tokens: 6, window: 9, elapsedMs: 500 },
      { seq: 2, id: 'b', tokens: 6, window: 10, elapsedMs: 0 },
    ],
    firstWindow: 8,
    windowMs: 2_000,
  }

  it('adds up what the provider counted, and waits for what it did not serve until the end', () => {
    const { windows, ...report } = variantReport(requests, counted)
    expect(report).to.deep.equal({
      arrived: 18,
      served: 12,
      rejected: 6,
      overBudget: 2,
      unused: 13,
      // at the start of windows 2 and 3 of the session 12 wait
      backlogWindows: 2,
      idleTokens: 8,
      usedShare: 0.6,
      waiting: { meanSeconds: (1.5 + 3 + 4) / 3, medianSeconds: 3, p95Seconds: 4, notServed: 1 },
    })
    expect(windows.map(({ window }) => window)).to.deep.equal([1, 2, 3])
  })

  it('is all zeros without traffic', () => {
    const report = variantReport([], { ...counted, windows: [], log: [] })
    expect(report.waiting).to.deep.equal({ meanSeconds: 0, medianSeconds: 0, p95Seconds: 0, notServed: 0 })
    expect(report).to.deep.include({ served: 0, backlogWindows: 0, usedShare: 1 })
  })
})

describe('contendedWindows', () => {
  it('counts windows with more queued than the budget, and not equal to it', () => {
    const requests = [of('a', 10n, 0), of('b', 11n, 1), of('c', 9n, 2.9), of('d', 10n, 3)]
    expect(contendedWindows(requests, 4, () => 10)).to.deep.equal([2])
    expect(contendedWindows(requests, 4, (window) => (window === 4 ? 9 : 10))).to.deep.equal([2, 4])
  })
})

describe('agreed shares against a static split, in virtual time', () => {
  const rows = loadTrace()
  const splitOf = (members: number, heights: number, budget: number, laterBudget: number): Split => ({
    requests: Array.from({ length: members }, (_, member) =>
      requestsOfMember(rows, heights, member, members),
    ),
    heights,
    budget,
    laterBudget,
    loweredAfter: Math.floor(heights / 2),
  })
  const run = async (
    split: Split,
  ): Promise<{ agreed: VariantReport; even: VariantReport; contended: number }> => {
    const requests = requestsOf(rows, split.heights)
    const agreed = variantReport(requests, await agreedSplit(split))
    const budgetOf = (window: number): number => agreed.windows[window - 1]!.budget
    return {
      agreed,
      even: variantReport(requests, await staticSplit(split)),
      contended: contendedWindows(requests, split.heights, budgetOf).length,
    }
  }

  for (const [name, split] of [
    ['the README’s case', splitOf(7, WINDOWS, 120_000, 90_000)],
    ['the end-to-end test’s case', splitOf(4, 18, 150_000, 130_000)],
  ] as const) {
    it(`serves more, uses contended windows better and cuts long waits: ${name}`, async function () {
      this.timeout(60_000)
      const { agreed, even, contended } = await run(split)
      expect(contended / split.heights).to.be.above(0.3)
      expect(agreed.served).to.be.above(even.served * 1.1)
      expect(agreed.usedShare).to.be.above(even.usedShare)
      expect(agreed.waiting.p95Seconds).to.be.below(even.waiting.p95Seconds)
      expect(agreed.waiting.notServed).to.be.below(even.waiting.notServed)
      for (const { arrived, served } of [agreed, even]) expect(served).at.most(arrived)
      // only heights decided before the new budget may send more than the provider takes
      const followedFrom = split.loweredAfter + EVENT_HEIGHTS + 1 + WINDOWS_AHEAD
      const over = agreed.windows.filter(({ rejected }) => rejected > 0).map(({ window }) => window)
      expect(over).to.not.be.empty
      expect(Math.min(...over)).to.be.at.least(split.loweredAfter + 1)
      expect(Math.max(...over)).to.be.below(followedFrom)
    })
  }
})
