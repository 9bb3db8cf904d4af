import { expect } from 'chai'
import type { VariantReport } from '../../src/demo/compare-report.ts'
import { rsdp } from '../helpers/rsdp.ts'

interface DemoData {
  readonly nodes: number
  readonly heights: number
  readonly rounds: readonly number[]
  readonly lowestMagnitude: number
  readonly checkpoints: number
  readonly liar: {
    readonly seat: number
    readonly lies: readonly { readonly fault: string; readonly height: number }[]
    readonly convictions: readonly {
      readonly member: number
      readonly offence: string
      readonly percent: number
    }[]
  } | null
  readonly provider: {
    readonly contendedWindows: number
    /** Null in a demo that may be too short for it. */
    readonly loweredFrom: number | null
    readonly agreed: VariantReport
    readonly static: VariantReport
  }
  readonly paid: Readonly<Record<string, string>>
  readonly audit: {
    readonly verdict: string
    readonly findings: readonly unknown[]
    readonly convictions: readonly unknown[]
  }
}

/** Both counted the same arrivals; what was served fits into the budgets; the lowering is theirs. */
function expectCounted({ heights, provider }: DemoData): void {
  expect(provider.contendedWindows).within(Math.ceil(0.3 * heights), heights)
  expect(provider.agreed.arrived).equal(provider.static.arrived)
  for (const { windows, served } of [provider.agreed, provider.static]) {
    expect(windows).length(heights + 2)
    for (const window of windows) expect(window.served).within(0, window.budget)
    expect(served).greaterThan(0)
  }
  const { windows } = provider.agreed
  const budgets = windows.map(({ window, budget }) => [window < (provider.loweredFrom ?? Infinity), budget])
  for (const [isBefore, budget] of budgets) expect(budget).equal(isBefore === true ? 120_000 : 90_000)
}

describe('rsdp demo', function () {
  this.timeout(240_000)

  it('ends 0 with everything it promises, with 4 nodes', async () => {
    const run = await rsdp('demo', '--nodes', '4', '--heights', '12', '--json')
    expect(run.code, run.stderr).equal(0)
    const { ok, data } = JSON.parse(run.stdout) as { ok: boolean; data: DemoData }
    expect(ok).equal(true)
    expect(data).deep.include({ nodes: 4, heights: 12 })
    expect(data.rounds).length(12)
    expect(data.checkpoints).equal(2)
    expect(data.provider.loweredFrom).within(4, 14)
    expect(data.lowestMagnitude).lessThan(1)
    expectCounted(data)
    expect(data.audit.verdict).equal('verified')
    expect(data.audit.findings).deep.equal([])
    expect(Object.keys(data.paid)).length(5)
    expect(data.paid).include.keys('mallory')
    expect(data.liar?.seat).within(0, 3)
    const lies = data.liar?.lies ?? []
    expect(lies.map(({ fault }) => fault)).deep.equal(['equivocate-status', 'equivocate-share'])
    expect(lies[0]?.height).within(3, 4)
    expect(lies[1]?.height).within(9, 11)
    expect(run.stderr).match(/seat [0-3], node mallory, is started as a liar/)
    const convicted = data.liar?.convictions.map(({ member, offence, percent }) => ({
      ...{ member, offence, percent },
    }))
    const member = data.liar?.seat
    expect(convicted).deep.equal([
      { member, offence: 'E1', percent: 5 },
      { member, offence: 'E1', percent: 100 },
    ])
    expect(data.paid['mallory']).equal('0')
    expect(run.stderr).match(/✔ proved +two different SHARE for height (9|10|11), round/)
    expect(run.stderr).match(/⌈\d+ · 100 %⌉ − ⌈\d+ · 5 %⌉ taken before = \d+ wei/)
  })

  it('has no liar if none is wanted', async () => {
    const run = await rsdp('demo', '--nodes', '4', '--heights', '4', '--no-liar', '--json')
    expect(run.code, run.stderr).equal(0)
    const { data } = JSON.parse(run.stdout) as { data: DemoData }
    expect(data.liar).equal(null)
    expect(data.paid).not.include.keys('mallory')
    expect(run.stderr).not.match(/mallory|liar|caught|rsdp explain/)
    expect(data.audit.convictions).deep.equal([])
  })
})
