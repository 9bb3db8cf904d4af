import { expect } from 'chai'
import { contendedWindows, variantReport } from '../../../src/demo/compare-report.ts'
import type { Counted } from '../../../src/demo/compare-report.ts'
import type { Request } from '../../../src/demo/request-queue.ts'
import { seededTrial } from '../../../src/demo/seeded-trial.ts'
import { agreedLeases } from '../../../src/demo/trial.ts'
import { isBetter, isNoWorse, runTrials } from '../../../src/demo/trials-run.ts'
import type { TrialsRow } from '../../../src/demo/trials-run.ts'

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

describe('agreed leases against a static split and one limiter for all, in virtual time', function () {
  this.timeout(120_000)
  const rowOf = (rows: readonly TrialsRow[], name: string): TrialsRow => {
    const row = rows.find((one) => one.name === name)
    if (row === undefined) throw new Error(`no row ${name}`)
    return row
  }

  it('with a liar and a slow node no row is worse; more is served and requests wait less, seeds 1 … 10', async () => {
    const rows = await runTrials({ first: 1, count: 10, heights: 24, isDisturbed: true })
    expect(rows.filter((row) => !isNoWorse(row))).to.deep.equal([])
    for (const name of ['tokens served', 'waiting, mean (s)', 'requests not served'])
      expect(isBetter(rowOf(rows, name)), name).to.equal(true)
  })

  it('undisturbed, they serve at least 85 % of what one limiter serves that knows everything', async () => {
    const rows = await runTrials({ first: 1, count: 4, heights: 24, isDisturbed: false })
    const { agreed, central } = rowOf(rows, 'tokens served')
    expect(agreed / central).to.be.within(0.85, 1)
  })

  it('sends over the budget only between its lowering and the first lower lease, once a member and height', async () => {
    const trial = seededTrial(2, 24, true)
    const { windows } = variantReport(trial.requests.flat(), await agreedLeases(trial))
    const over = windows.filter(({ rejected }) => rejected > 0).map(({ window }) => window)
    for (const window of over) expect(window).to.be.within(trial.loweredAfter + 2, trial.loweredAfter + 8)
    for (const { window, served, budget } of windows) expect(served, `window ${window}`).to.be.at.most(budget)
  })

  it('a seed is a trial: requests, times and counters are the same again', async () => {
    const counted = async (): Promise<unknown> => (await agreedLeases(seededTrial(3, 12, true))).windows
    expect(await counted()).to.deep.equal(await counted())
  })
})
