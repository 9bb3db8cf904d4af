import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { runSeed } from '../../src/sim/run-seed.ts'
import { addReport, emptySummary } from '../../src/sim/summary.ts'

const SEEDS = Number(process.env['RSDP_SEEDS'] ?? 24)
const FIRST = Number(process.env['RSDP_SEED'] ?? 1)

describe(`a disk that goes back to an older copy, seeds ${FIRST} to ${FIRST + SEEDS - 1}`, () => {
  after(restoreCrypto)

  it('costs its owner heights, and nobody a second signature: all heights are decided', async () => {
    const summary = emptySummary()
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
      const options = { heights: 12, nodes: seed % 2 === 0 ? 4 : 7, rollbacks: true, keys: cryptoFor(seed) }
      addReport(summary, await runSeed(seed, options))
    }
    expect(summary.failed).to.deep.equal([])
    for (const seal of ['kept', 'lost'])
      expect(summary.counts[`disk rolled back, seal ${seal}`], seal).to.be.above(0)
  })
})
