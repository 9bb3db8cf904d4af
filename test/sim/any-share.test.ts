import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import type { SeedReport } from '../../src/sim/run-seed.ts'
import { runSeed } from '../../src/sim/run-seed.ts'
import type { ScenarioOptions } from '../../src/sim/scenario.ts'

const run = (seed: number, options: Partial<ScenarioOptions>): Promise<SeedReport> =>
  runSeed(seed, { heights: 4, keys: cryptoFor(seed), ...options })

describe('simulated worlds in which liars weigh up to two thirds', () => {
  after(restoreCrypto)

  it('leave no proof against anybody honest', async () => {
    const reports: SeedReport[] = []
    for (let seed = 801; seed <= 805; seed += 1)
      reports.push(await run(seed, { nodes: 5, liarPercent: { min: 40, max: 67 } }))
    expect(reports.flatMap(({ violations }) => violations)).to.deep.equal([])
    expect(reports.filter(({ isBelowThird }) => !isBelowThird)).not.to.deep.equal([])
    const tried = (kind: string): number =>
      reports.reduce((sum, { counts }) => sum + (counts[`tried ${kind}`] ?? 0), 0)
    for (const kind of ['E1b', 'E2', 'E3', 'E4']) expect(tried(kind), kind).to.be.above(0)
  })

  it('may fork; what the honest heard then convicts a third of the weight', async () => {
    const forks: SeedReport[] = []
    for (let seed = 8; forks.length < 2 && seed < 40; seed += 1) {
      const report = await run(seed, { nodes: 4, liar: 'flatterer', liarPercent: { min: 50, max: 67 } })
      expect(report.violations, `seed ${seed}`).to.deep.equal([])
      expect(report.isBelowThird).to.equal(false)
      if (report.fork !== null) forks.push(report)
    }
    expect(forks).to.have.length(2)
    for (const { fork } of forks) expect(3 * (fork?.convictedPercent ?? 0)).to.be.at.least(100)
  })
})
