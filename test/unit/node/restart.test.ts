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

describe('TaskRunner: processes that all end, and again before a height is opened', () => {
  const PARAMS = { slotTicks: 400, epochHeights: 2 }

  async function runningAfter2(): Promise<RunnerCluster> {
    const world = await new RunnerCluster({ n: 4, params: PARAMS }).start()
    expect(await world.run(2)).equal(true)
    return world
  }

  /** All are killed; the first two right after they have decided height 2, before they sign its CHECKPOINT. */
  async function killedAfter2(): Promise<RunnerCluster> {
    const world = await new RunnerCluster({
      n: 4,
      params: PARAMS,
    }).start()
    for (const seat of world.seats) seat.dieAfterDeciding = 2
    for (let tick = 0; tick < 2_000 && world.up.length > 2; tick += 1) await world.tick()
    for (const { member } of world.up) await world.kill(member)
    return world
  }

  async function restartAll(world: RunnerCluster): Promise<void> {
    for (const { member } of world.up) await world.kill(member)
    for (const { member } of world.seats) await world.restart(member)
    for (let i = 0; i < 40; i += 1) await world.tick()
  }

  it('open it all the same: RESET, which the CHECKPOINT made durable, is no opening', async () => {
    const world = await killedAfter2()
    await restartAll(world)
    const last = world.seats.map(({ log }) => log.at(-1))
    expect(last.filter((entry) => entry?.event === 'RESET' && entry.height === 3)).length.at.least(2)
    await restartAll(world)
    expect(await world.run(4)).equal(true)
    expectSound(world)
  })

  for (const opening of ['t1', 't3'] as const) {
    it(`and so does one that has signed a CLOSE, and opened with ${opening}`, async () => {
      const world = await (opening === 't1' ? killedAfter2() : runningAfter2())
      if (opening === 't1') await restartAll(world)
      const [leaver, absent] = world.seats
      leaver!.runner!.leave()
      for (let i = 0; i < 40 && leaver!.log.at(-1)?.event !== opening; i += 1) await world.tick()
      expect(leaver!.log.at(-1)).deep.include({ event: opening, height: 3 })
      for (const { member } of world.up) await world.kill(member)
      // without the leaver's vote there is no quorum
      for (const { member } of world.seats) if (member !== absent!.member) await world.restart(member)
      expect(await world.run(3)).equal(true)
      expectSound(world)
    })
  }
})

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
