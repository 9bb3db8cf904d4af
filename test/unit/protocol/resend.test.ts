import { expect } from 'chai'
import { EngineCluster } from '../../helpers/engine-cluster.ts'

const SHARE_TICKS = 20
/** Longest pause between two resends. */
const PAUSE_MAX = 20 * SHARE_TICKS

/** Frames that go out while so many ticks pass. */
function framesIn(world: EngineCluster, ticks: number): number {
  const before = world.framesSent
  for (let i = 0; i < ticks; i += 1) world.tick()
  return world.framesSent - before
}

describe('sending again', () => {
  it('grows rarer while nothing new is heard: two of four members alone fall almost silent', () => {
    const world = new EngineCluster({ n: 4, heights: 2 })
    for (const member of [2, 3]) world.silent.add(member)
    world.start([0, 1])
    framesIn(world, 1_000)
    // two members, three frames each, once per longest pause
    expect(framesIn(world, 10 * PAUSE_MAX)).to.be.within(1, 2 * 3 * 11)
  })

  it('lets the height go on within the longest pause once the others are there', () => {
    const world = new EngineCluster({ n: 4, heights: 1 })
    for (const member of [2, 3]) world.silent.add(member)
    world.start([0, 1])
    framesIn(world, 3_000)
    for (const member of [2, 3]) world.silent.delete(member)
    world.start([2, 3])
    expect(world.run(1, PAUSE_MAX)).to.equal(true)
  })

  it('is soon again when something new is heard', () => {
    const world = new EngineCluster({ n: 7, heights: 1 })
    for (const member of [3, 4, 5, 6]) world.silent.add(member)
    world.start([0, 1, 2])
    framesIn(world, 3_000)
    const calm = framesIn(world, PAUSE_MAX)
    world.silent.delete(3)
    world.start([3])
    expect(framesIn(world, PAUSE_MAX)).to.be.above(2 * calm)
  })
})
