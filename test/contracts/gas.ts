import { expect } from 'chai'
import hre, { network } from 'hardhat'
import type { Proof } from './evidence.ts'
import { proofOf, report } from './evidence.ts'
import { deployWorld, mineTo, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const TRANSITIONS_PER_HEIGHT = 4

interface Diff {
  pre: Record<string, { storage?: Record<string, string> }>
  post: Record<string, { storage?: Record<string, string> }>
}

async function thirtyOne() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 31) }
}

describe('A checkpoint in the steady state', () => {
  /** Gas of the second checkpoint of a task, all members signing, with the fee. */
  async function gasOf(n: number, count: number): Promise<number> {
    const { w, actors } = await loadFixture(thirtyOne)
    const params = { heights: 2 * count, epochHeights: count, stallBlocks: 8 * n }
    const story = await running(w, actors.slice(0, n), params)
    await story.accept(story.members[await story.turn()]!.node, count)
    const response = await story.accept(story.members[await story.turn()]!.node, count)
    return Number((await response.wait())!.gasUsed)
  }

  // instrumented contracts cost more
  const measured = hre.globalOptions.coverage ? it.skip : it

  for (const [n, max] of [
    [7, 100_000],
    [15, 150_000],
    [31, 250_000],
  ] as const) {
    measured(`costs at most ${max} gas for one height of ${n} members`, async () => {
      expect(await gasOf(n, 1)).to.be.lessThanOrEqual(max)
    })
  }

  for (const [heights, max] of [
    [16, 115],
    [32, 65],
  ] as const) {
    measured(
      `costs at most ${max} gas per member and transition for ${heights} heights of 31 members`,
      async () => {
        const transitions = 31 * heights * TRANSITIONS_PER_HEIGHT
        expect((await gasOf(31, heights)) / transitions).to.be.lessThanOrEqual(max)
      },
    )
  }

  it('takes no new storage slot, even if a fee is earned and members are missing', async () => {
    const { w, actors } = await loadFixture(thirtyOne)
    const story = await running(w, actors, { heights: 40, epochHeights: 1, stallBlocks: 300 })
    const slots = new Set<string>()
    for (let i = 0; i < 31; i++) {
      const missing = (i * 7) % 31
      const signers = story.everyone.filter((m) => m !== missing && m !== (missing + 11) % 31)
      const { lastBlock } = await w.log.head(story.taskId)
      // the turn passes on every two blocks: everybody gets one
      await mineTo(w, lastBlock + BigInt((i * 2) % 20))
      const submitter = story.members[await story.turn()]!.node
      const { hash } = await story.accept(submitter, 1, { signers })
      const tracer = { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }
      const params = [hash, tracer]
      const diff = (await connection.provider.request({ method: 'debug_traceTransaction', params })) as Diff
      for (const [address, { storage = {} }] of Object.entries(diff.post)) {
        for (const slot of Object.keys(storage)) {
          slots.add(slot)
          expect(diff.pre[address]?.storage?.[slot] ?? '0x0', `slot ${slot} was empty`).not.to.match(/^0x0*$/)
        }
      }
    }
    // root, progress, 3 words of missed counters, 5 words of fee counters
    expect(slots.size).to.equal(10)
    const tally = await w.log.tally(story.taskId)
    expect(tally.missed.reduce((a, b) => a + b)).to.equal(62)
    expect(tally.feeUnits.reduce((a, b) => a + b)).to.equal(31n * 29n)
  })
})

describe('A proof', () => {
  /** Gas of a report by somebody who was credited before, in a cluster of n in which somebody was convicted before. */
  async function gasOf(n: number, name: Exclude<Proof['name'], 'wrongReduction'>): Promise<number> {
    const { w, actors } = await loadFixture(thirtyOne)
    const story = await running(w, actors.slice(0, n), { stallBlocks: 8 * n })
    await report(w, w.mallory, proofOf(story, 1, 'amnesia'))
    const response = await report(w, w.mallory, proofOf(story, 0, name))
    return Number((await response.wait())!.gasUsed)
  }

  const measured = hre.globalOptions.coverage ? it.skip : it

  for (const [name, max] of [
    ['equivocation', 142_000],
    ['amnesia', 145_000],
  ] as const) {
    measured(`of ${name} costs at most ${max} gas, in a cluster of any size`, async () => {
      const costs = []
      for (const n of [4, 7, 15, 31]) costs.push(await gasOf(n, name))
      expect(Math.max(...costs)).to.be.lessThanOrEqual(max)
      expect(Math.max(...costs) - Math.min(...costs)).to.be.lessThan(2_000)
    })
  }

  for (const name of ['illegalLog', 'forkedLog', 'unjustifiedVote'] as const) {
    measured(`of ${name} costs at most 200000 gas in a cluster of 31`, async () => {
      expect(await gasOf(31, name)).to.be.lessThanOrEqual(200_000)
    })
  }
})
