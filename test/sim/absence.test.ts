import { expect } from 'chai'
import { cryptoFor, restoreCrypto } from '../../src/cli/commands/sim-crypto.ts'
import { play, runSeed } from '../../src/sim/run-seed.ts'
import type { SeedReport } from '../../src/sim/run-seed.ts'
import { TASK_ID } from '../../src/sim/world.ts'
import { hunt } from './mutants/load.ts'
import { MUTANTS } from './mutants/mutants.ts'

const run = (seed: number, heights: number, more: object = {}): Promise<SeedReport> =>
  runSeed(seed, { heights, nodes: 5, absence: true, keys: cryptoFor(seed), ...more })

describe('a chain that stops for six hours, a member that is away for a day', () => {
  after(restoreCrypto)

  it('end no task before its time: it is complete, and no honest member is convicted', async () => {
    const { world } = await play(27, { heights: 6, nodes: 5, absence: true, keys: cryptoFor(27) })
    const task = world.chain.tasks.get(TASK_ID)!
    expect(world.violations).to.deep.equal([])
    expect(world.counts['chain stops']).to.equal(1)
    expect(task.last).to.equal(6)
    expect(task.result).not.to.equal(null)
    expect(world.chain.statusOf(TASK_ID)).to.equal('Closed')
    const liars = world.hosts.filter((host) => world.isLiar(host)).map(({ member }) => member)
    expect([...task.convictions.keys()].filter((member) => !liars.includes(member))).to.deep.equal([])
  })

  it('cost no window for evidence: a liar is convicted, whenever the chain stops', async () => {
    const options = { heights: 6, nodes: 5, absence: true, liar: 'equivocate-status' } as const
    const { world } = await play(33, { ...options, keys: cryptoFor(33) })
    expect(world.violations).to.deep.equal([])
    expect(world.chain.tasks.get(TASK_ID)!.convictions.size).to.be.above(0)
  })

  it('a member that comes back catches up, decides the rest, and signs nothing twice', async () => {
    const report = await run(6, 64)
    expect(report.violations).to.deep.equal([])
    expect(report.counts['away']).to.equal(1)
    expect(report.counts['back after the result']).to.equal(undefined)
    expect(report.heights).to.equal(64)
  })

  it('a member that comes back after the end has lost nothing, and signs nothing more', async () => {
    const report = await run(24, 6)
    expect(report.violations).to.deep.equal([])
    expect(report.counts['back after the result']).to.equal(1)
  })

  it('are seen by the judge where the rule counts seconds alone', async () => {
    const found = await hunt(MUTANTS.stallsBySeconds, { heights: 12, nodes: 5, absence: true }, 10)
    expect(found.kinds).to.include('not-anchored')
  })
})
