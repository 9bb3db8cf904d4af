import { expect } from 'chai'
import { noteKeys } from '../../src/sim/keys.ts'
import { drawScenario } from '../../src/sim/scenario.ts'
import type { Host } from '../../src/sim/host.ts'
import { TASK_ID, World } from '../../src/sim/world.ts'
import { Random } from '../../src/faults/random.ts'
import { hasMember } from '../../src/codec/bitmap.ts'

const SEED = 4
const EPOCH = 2
const HEIGHTS = 12
const PATIENCE_MS = 120_000

/** Four honest nodes without faults, in epochs of two heights. */
function calmWorld(): World {
  const random = new Random(SEED)
  const drawn = drawScenario(random, { heights: HEIGHTS, calm: true, nodes: 4 })
  const params = { ...drawn.params, epochHeights: EPOCH, slotTicks: 20 }
  return new World({ seed: SEED, scenario: { ...drawn, params }, random, keys: noteKeys(SEED), tell: null })
}

describe('a member that the certificate left out', () => {
  let world: World
  let victim: Host

  beforeEach(async () => {
    world = calmWorld()
    world.start()
    expect(await until(() => world.isFormed)).to.equal(true)
    victim = world.hosts[2]!
    world.network.cut = (from, to) => from === victim.index || to === victim.index
    expect(await until(() => isMissing() && task().last === 2 * EPOCH)).to.equal(true)
    // it has read of the checkpoint by now, and cannot have signed it
    const read = task().lastBlock + world.chain.reorgDepth + 2
    expect(await until(() => world.chain.head === read)).to.equal(true)
  })
  afterEach(() => {
    expect(world.violations).to.deep.equal([])
  })

  const until = (isDone: () => boolean): Promise<boolean> =>
    world.run(world.queue.nowMs + PATIENCE_MS, isDone)
  const task = () => world.chain.tasks.get(TASK_ID)!
  const isMissing = (): boolean => hasMember(task().missing, victim.member)
  const missed = (): number => task().missed.get(victim.member) ?? 0
  const isCoSigned = (): boolean => world.chain.coSigned.length > 0
  const end = async (): Promise<void> => {
    expect(await until(() => task().result !== null)).to.equal(true)
  }

  it('adds its signature once it has caught up, and is counted', async () => {
    expect([victim.decided, missed()]).to.deep.equal([0, 2 * EPOCH])
    world.network.cut = () => false
    expect(await until(isCoSigned)).to.equal(true)
    const { last } = task()
    expect(world.chain.coSigned).to.deep.equal([{ taskId: TASK_ID, member: victim.member, height: last }])
    const lost = missed()
    expect(lost).to.equal(last - EPOCH) // only the last one can be repaired
    await end()
    expect(missed()).to.equal(lost)
  })

  it('adds a stored signature after a restart, and signs nothing again', async () => {
    world.network.cut = () => false
    victim.isRpcDown = true
    const { store } = victim.life!
    const { id } = task().cluster!
    expect(await until(() => isMissing() && store.checkpoint(id, task().last) !== null)).to.equal(true)
    expect(isCoSigned()).to.equal(false)
    victim.crash()
    victim.isRpcDown = false
    victim.boot()
    expect(await until(isCoSigned)).to.equal(true)
    await end()
    world.judge.close() // `signed-twice` and `convictable` would be violations
  })
})
