import { expect } from 'chai'
import fc from 'fast-check'
import { RunnerCluster } from '../../helpers/runner-cluster.ts'
import { expectSound } from '../../helpers/runner-cluster-judge.ts'

const HEIGHTS = 6
/** The same cases at each run, unless RSDP_SEED says otherwise. */
const SEED = Number(process.env['RSDP_SEED'] ?? 20261121)
const RUNS = Number(process.env['RSDP_RUNS'] ?? 15)

/** One life of a process. */
interface Life {
  /** The effect at which it ends: a write, before or after it is durable, or a frame. */
  readonly fuse: number
  /** Ticks until it is started again. */
  readonly down: number
}

/**
 * Lets members die as planned, with whatever they have in hand, and starts them again, until all heights are decided.
 *
 * @param downMax members that are down at the same time, at most; the others' deaths wait
 */
async function runLives(
  world: RunnerCluster,
  plans: readonly (readonly Life[])[],
  downMax: number,
  ticksMax: number,
): Promise<boolean> {
  const plan = plans.map((lives) => [...lives])
  const due = new Map<number, number>()
  for (let tick = 0; tick < ticksMax; tick += 1) {
    const armed = world.seats.filter(({ runner, fuse }) => runner === null || fuse !== null).length
    const waiting = world.seats.filter(({ member, runner, fuse }) => {
      return runner !== null && fuse === null && plan[member]!.length > 0
    })
    for (const seat of waiting.slice(0, downMax - armed)) seat.fuse = plan[seat.member]![0]!.fuse
    await world.tick()
    if (world.fatal.length > 0) return false
    for (const { member, runner } of world.seats) {
      if (runner !== null) continue
      if (!due.has(member)) due.set(member, tick + plan[member]!.shift()!.down)
      if (tick < due.get(member)!) continue
      due.delete(member)
      await world.restart(member)
    }
    const isDone = world.up.every(({ runner }) => runner!.state.chain.height >= HEIGHTS)
    if (isDone && world.up.length === world.seats.length) return true
  }
  return false
}

describe('TaskRunner: processes that end at any point', () => {
  const life = fc.record({
    fuse: fc.oneof(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 150 })),
    down: fc.constantFrom(0, 0, 1, 5, 30, 90),
  })
  const lives = fc.array(life, { maxLength: 4 })
  const plans = fc.tuple(lives, lives, lives, lives)

  for (const epochHeights of [3, 1]) {
    const params = { epochHeights }
    const name = `epochs of ${epochHeights}`
    it(`one at a time: all rejoin, nobody signs a second object, every height is decided: ${name}`, async () => {
      const property = fc.asyncProperty(plans, async (all) => {
        const world = await new RunnerCluster({ n: 4, params }).start()
        const isDone = await runLives(world, all, 1, 4_000)
        expectSound(world)
        expect(isDone, 'all heights decided').to.equal(true)
      })
      await fc.assert(property, { seed: SEED, numRuns: RUNS })
    }).timeout(120_000)

    it(`all at any time: the same, also when all stop at once: ${name}`, async () => {
      const property = fc.asyncProperty(plans, async (all) => {
        const world = await new RunnerCluster({ n: 4, params }).start()
        const isDone = await runLives(world, all, 4, 4_000)
        expectSound(world)
        expect(isDone, 'all heights decided').to.equal(true)
      })
      await fc.assert(property, { seed: SEED, numRuns: RUNS })
    }).timeout(120_000)
  }
})
