import { expect } from 'chai'
import { cryptoFor, REAL_EVERY, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { LIAR_NAMES } from '../../src/faults/catalog.ts'
import { runSeed } from '../../src/sim/run-seed.ts'
import { addReport, emptySummary } from '../../src/sim/summary.ts'

describe('simulated worlds of faults and liars', () => {
  after(restoreCrypto)

  it('keep every promise, over mixed seeds', async () => {
    const summary = emptySummary()
    for (let seed = 1; seed <= 16; seed += 1)
      addReport(summary, await runSeed(seed, { heights: 5, keys: cryptoFor(seed) }))
    expect(summary.failed).to.deep.equal([])
    expect(summary.heights).to.equal(80)
    expect(summary.counts).to.include.keys(
      'crash',
      'torn',
      'partition',
      'frame lost',
      'rpc-down',
      'disk-full',
    )
  })

  for (const liar of LIAR_NAMES) {
    it(`holds against ${liar}`, async () => {
      let lies = 0
      // conveners lie in rounds that only some worlds come to
      for (let seed = 701; seed < 704 || (lies === 0 && seed < 720); seed += 1) {
        const report = await runSeed(seed, { heights: 5, nodes: 4, liar, keys: cryptoFor(seed) })
        expect(report.violations).to.deep.equal([])
        expect(report.liars).to.deep.equal([liar])
        expect(report.heights).to.equal(5)
        lies += report.counts[`lie: ${liar}`] ?? 0
      }
      expect(lies).to.be.above(0)
    })
  }

  it('go through all heights when a member leaves', async () => {
    const report = await runSeed(6, { heights: 5, nodes: 5, keys: cryptoFor(6) })
    expect(report.violations).to.deep.equal([])
    expect(report.heights).to.equal(5)
    expect(report.counts['leaves'], 'members that have asked to leave').to.equal(1)
  })

  it('goes the same way twice, down to the last frame', async () => {
    for (const seed of [17, 18]) {
      const [first, second] = [
        await runSeed(seed, { heights: 4, keys: cryptoFor(seed) }),
        await runSeed(seed, { heights: 4, keys: cryptoFor(seed), tell: () => undefined }),
      ]
      expect(second).to.deep.equal(first)
    }
  })

  it('signs on the real curve in some seeds', async () => {
    const report = await runSeed(REAL_EVERY, { heights: 3, nodes: 4, keys: cryptoFor(REAL_EVERY) })
    expect(report.violations).to.deep.equal([])
    expect(report.heights).to.equal(3)
  })

  it('decides in three delays with silent members from the height after they fell silent', async () => {
    const report = await runSeed(5, { heights: 8, nodes: 7, calm: true, liar: 'silent', keys: cryptoFor(5) })
    expect(report.violations).to.deep.equal([])
    expect(report.liars).to.deep.equal(['silent', 'silent'])
    // height 2 waits for them; from then on they are in no list
    expect(report.delays).to.deep.equal([3, 3, 3, 3, 3, 3])
  })
})
