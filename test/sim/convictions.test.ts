import { expect } from 'chai'
import type { LiarName } from '../../src/faults/catalog.ts'
import { Random } from '../../src/faults/random.ts'
import type { ChainEvent } from '../../src/ports/chain.ts'
import { noteKeys } from '../../src/sim/keys.ts'
import { drawScenario } from '../../src/sim/scenario.ts'
import { TASK_ID, World } from '../../src/sim/world.ts'

type Conviction = Extract<ChainEvent, { kind: 'convicted' }>

const SEED = 7
const HEIGHTS = 6

/** Whole nodes over a chain in memory, one of them a liar, until the result is on chain and a while longer. */
async function run(liar: LiarName, nodes = 4): Promise<{ world: World; convictions: Conviction[] }> {
  const random = new Random(SEED)
  // its vote is for a wrong state, and whoever has the right one may be first to say so: without a twin nobody can
  const provable = liar !== 'amnesia'
  const drawn = drawScenario(random, { heights: HEIGHTS, nodes, calm: true, liar, provable })
  // one epoch: a CHECKPOINT of a task that goes on convicts of two parents as well
  const params = liar === 'bogus-checkpoint' ? { ...drawn.params, epochHeights: HEIGHTS } : drawn.params
  const scenario = { ...drawn, params }
  const world = new World({ seed: SEED, scenario, random, keys: noteKeys(SEED), tell: null })
  world.start()
  await world.run(60_000, () => world.isFormed)
  const task = world.chain.tasks.get(TASK_ID)
  expect(await world.run(600_000, () => task?.result !== null)).to.equal(true)
  const convictions = world.chain
    .eventsIn(0, world.chain.head)
    .filter((event): event is Conviction => event.kind === 'convicted')
  return { world, convictions }
}

describe('liars before the chain', () => {
  const proofs: readonly (readonly [LiarName, Conviction['offence'], number])[] = [
    ['equivocate-status', 'E1', 5],
    ['equivocate-share', 'E1', 100],
    ['share-for-one', 'E1', 100],
    ['amnesia', 'E1b', 100],
    ['illegal-log', 'E2', 5],
    ['forked-log', 'E2', 5],
    ['unjustified-vote', 'E3', 1],
    ['bogus-list', 'E3', 1],
    ['bogus-checkpoint', 'E5', 100],
    ['two-parents', 'E6', 20],
  ]
  for (const [liar, offence, percent] of proofs) {
    it(`${liar} is convicted by honest members, once, while the task is running`, async () => {
      const { world, convictions } = await run(liar)
      expect(world.violations).to.deep.equal([])
      const liars = world.hosts.filter((host) => world.isLiar(host))
      const keys = liars.map(({ keyring }) => keyring.address)
      expect(convictions.map((event) => [event.offence, event.percent])).to.deep.equal([[offence, percent]])
      expect(liars.map(({ member }) => member)).to.include(convictions[0]?.member)
      expect(keys).not.to.include(convictions[0]?.reporter)
    })
  }

  for (const liar of ['silent', 'selective-send', 'late-edge', 'replay-old', 'forger'] as const) {
    it(`${liar} leaves no proof against anybody`, async () => {
      const { world, convictions } = await run(liar)
      expect(world.violations).to.deep.equal([])
      expect(convictions).to.deep.equal([])
    })
  }
})
