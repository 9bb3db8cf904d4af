import { expect } from 'chai'
import { rsdp } from '../helpers/rsdp.ts'

interface TelecomData {
  readonly seconds: number
  readonly stages: {
    readonly placement: { readonly services: number }
    readonly crash: { readonly lost: number; readonly verdictMs: number; readonly recoveredMs: number }
    readonly lie: { readonly offence: string }
    readonly cut: {
      readonly acknowledged: number
      readonly decided: readonly number[]
      readonly stopped: number
    }
    readonly writes: {
      readonly acknowledged: number
      readonly lost: number
      readonly reads: number
      readonly wrong: number
    }
    readonly audit: { readonly services: Audited; readonly kv: Audited }
  }
}

interface Audited {
  readonly verdict: string
  readonly recomputed: number
  readonly convictions: number
}

describe('rsdp demo telecom', function () {
  this.timeout(600_000)

  it('ends 0 with every stage: placed, killed and moved, convicted, cut and healed, audited; no strong write is lost', async () => {
    const run = await rsdp('demo', 'telecom', '--json')
    expect(run.code, run.stderr).equal(0)
    const { stages } = (JSON.parse(run.stdout) as { data: TelecomData }).data
    expect(stages.placement).deep.include({ services: 10 })
    expect(stages.crash.lost).greaterThan(0)
    // a member is silent for three seconds before it is taken for dead
    expect(stages.crash.verdictMs).greaterThan(3_000)
    expect(stages.crash.recoveredMs).at.least(stages.crash.verdictMs)
    expect(stages.lie).deep.include({ offence: 'E1' })
    expect(stages.cut).deep.include({ acknowledged: 0, decided: [0, 0], stopped: 0 })
    expect(stages.writes).deep.include({ lost: 0, wrong: 0 })
    expect(stages.writes.acknowledged).greaterThan(20)
    expect(stages.writes.reads).greaterThan(4)
    const { services, kv } = stages.audit
    for (const { verdict, recomputed } of [services, kv]) {
      expect(verdict).equal('verified')
      expect(recomputed).at.least(20)
    }
    expect(services.convictions).at.least(1)
  })
})
