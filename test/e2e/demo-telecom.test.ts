import { expect } from 'chai'
import { rsdp } from '../helpers/rsdp.ts'

interface TelecomData {
  readonly seconds: number
  readonly stages: {
    readonly placement: { readonly services: number }
    readonly crash: {
      readonly copies: number
      readonly verdictMs: number
      readonly primary: string
      readonly primaryMs: number
      readonly recoveredMs: number
      readonly placedMs: number
      readonly lostWrites: number
    }
    readonly deadlock: {
      readonly nodes: readonly string[]
      readonly victim: number
      readonly brokenMs: number
    }
    readonly lie: { readonly offence: string }
    readonly cut: {
      readonly refused: readonly number[]
      readonly acknowledged: number
      readonly decided: readonly number[]
      readonly stopped: number
      readonly open: {
        readonly acknowledged: readonly number[]
        readonly values: number
        readonly valuesAfter: number
      }
    }
    readonly writes: {
      readonly strong: Written & { readonly wrong: number }
      readonly eventual: Written
      readonly transfers: { readonly committed: number; readonly wrong: number }
    }
    readonly audit: {
      readonly verdict: string
      readonly recomputed: number
      readonly convictions: number
    }
  }
}

interface Written {
  readonly acknowledged: number
  readonly lost: number
  readonly reads: number
}

describe('rsdp demo telecom', function () {
  this.timeout(600_000)

  it('ends 0 with every stage: placed, killed and moved, convicted, cut and healed, audited; no strong write and no half of a transaction is lost', async () => {
    const run = await rsdp('demo', 'telecom', '--json')
    expect(run.code, run.stderr).equal(0)
    const { stages } = (JSON.parse(run.stdout) as { data: TelecomData }).data
    expect(stages.placement).deep.include({ services: 10 })
    const { crash, cut, writes, audit } = stages
    const [core, edge] = stages.deadlock.nodes
    expect([core, edge]).deep.equal([core?.match(/^Core\d$/)?.[0], edge?.match(/^Edge\d$/)?.[0]])
    expect(stages.deadlock.victim).equal(2)
    expect(crash.copies).greaterThan(0)
    // a member is silent for three seconds before it is taken for dead
    expect(crash.verdictMs).greaterThan(3_000)
    expect(crash.primary).oneOf(['Edge1', 'Edge2', 'Core2', 'Cloud1'])
    expect(crash.primaryMs).greaterThan(crash.verdictMs)
    // and nobody else leads before it is
    expect(crash.recoveredMs).greaterThan(3_000)
    expect(crash.placedMs).at.least(crash.primaryMs)
    expect(crash.lostWrites).equal(0)
    expect(stages.lie).deep.include({ offence: 'E1' })
    expect(cut).deep.include({ acknowledged: 0, decided: [0, 0], stopped: 0 })
    for (const refused of cut.refused) expect(refused).greaterThan(0)
    for (const acknowledged of cut.open.acknowledged) expect(acknowledged).at.least(4)
    expect(cut.open).deep.include({ values: 2, valuesAfter: 1 })
    expect(writes.strong).deep.include({ lost: 0, wrong: 0 })
    expect(writes.eventual).deep.include({ lost: 0 })
    expect(writes.transfers.wrong).equal(0)
    expect(writes.transfers.committed).greaterThan(3)
    for (const { acknowledged, reads } of [writes.strong, writes.eventual]) {
      expect(acknowledged).greaterThan(20)
      expect(reads).greaterThan(4)
    }
    expect(audit).deep.include({ verdict: 'verified' })
    expect(audit.recomputed).at.least(20)
    expect(audit.convictions).at.least(1)
  })
})
