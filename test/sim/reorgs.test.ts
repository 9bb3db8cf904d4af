import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { Random } from '../../src/faults/random.ts'
import { noteKeys } from '../../src/sim/keys.ts'
import { runSeed } from '../../src/sim/run-seed.ts'
import { drawScenario } from '../../src/sim/scenario.ts'
import { addReport, emptySummary } from '../../src/sim/summary.ts'
import { TASK_ID, World } from '../../src/sim/world.ts'

const PATIENCE_MS = 120_000

/** Four honest nodes without faults. */
function calmWorld(seed: number): World {
  const random = new Random(seed)
  const drawn = drawScenario(random, { heights: 12, calm: true, nodes: 4 })
  const params = { ...drawn.params, epochHeights: 2, slotTicks: 20 }
  return new World({ seed, scenario: { ...drawn, params }, random, keys: noteKeys(seed), tell: null })
}

describe('re-orgs of the chain', () => {
  after(restoreCrypto)

  it('up to the depth are invisible: all duties that they drop are done again', async () => {
    const summary = emptySummary()
    for (let seed = 1; seed <= 16; seed += 1) {
      const options = { heights: 5, nodes: seed % 2 === 0 ? 4 : 7, reorgs: true, keys: cryptoFor(seed) }
      addReport(summary, await runSeed(seed, options))
    }
    expect(summary.failed).to.deep.equal([])
    expect(summary.heights).to.equal(16 * 5)
    expect(summary.counts['re-org']).to.be.above(16)
    for (const duty of ['join', 'checkpoint', 'finalize', 'republish']) {
      const dropped = summary.counts[`re-org drops ${duty}`]
      expect(dropped, duty).to.be.above(0)
      expect(summary.counts[`done again: ${duty}`], duty).to.equal(dropped)
    }
  })

  it('up to the depth change no decision of an undisturbed cluster, and no delay', async () => {
    const report = await runSeed(1, { heights: 6, calm: true, nodes: 4, reorgs: true })
    expect(report.violations).to.deep.equal([])
    expect(report.counts['re-org']).to.be.above(0)
    expect(report.delays).to.deep.equal([3, 3, 3, 3, 3, 3])
  })

  describe('beyond the depth', () => {
    for (const [what, seed] of [
      ['that take a checkpoint back', 4],
      ['that take the cluster back', 5],
    ] as const) {
      it(`${what} stop every node that had read of it: it signs no more, and nobody is convicted`, async () => {
        const world = calmWorld(seed)
        const until = (isDone: () => boolean): Promise<boolean> =>
          world.run(world.queue.nowMs + PATIENCE_MS, isDone)
        const { chain, hosts } = world
        world.start()
        expect(await until(() => world.isFormed)).to.equal(true)
        expect(await until(() => chain.accepted.length === 2)).to.equal(true)
        const event = what.includes('cluster') ? 'clusterFormed' : 'checkpointed'
        const block = chain.eventsIn(0, chain.head).find(({ kind }) => kind === event)!.block
        expect(await until(() => chain.head >= block + chain.reorgDepth + 2)).to.equal(true)
        world.reorgs.replace(chain.head - block + 1)
        expect(await until(() => hosts.every(({ isLost }) => isLost))).to.equal(true)
        expect(world.counts['stopped by a deep re-org']).to.equal(4)

        const signatures = hosts.map((host) => host.signatures)
        for (const host of hosts) {
          host.isLost = false
          host.boot() // somebody starts it again
        }
        expect(await until(() => hosts.every(({ isLost }) => isLost))).to.equal(true)
        await world.run(world.queue.nowMs + 10_000, () => false)
        expect(hosts.map((host) => host.signatures)).to.deep.equal(signatures)
        world.judge.close()
        expect(world.violations).to.deep.equal([])
        expect(chain.tasks.get(TASK_ID)!.convictions.size).to.equal(0)
      })
    }
  })
})
