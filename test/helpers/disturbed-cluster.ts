import { expect } from 'chai'
import { RunnerCluster } from './runner-cluster.ts'
import { expectSound } from './runner-cluster-judge.ts'

export const EPOCH = 3
export const HEIGHTS = 6

/** A cluster in which one member was restarted within the first epoch, and some frames of one height were late. */
export async function disturbedCluster(): Promise<RunnerCluster> {
  let isCut = false
  const world = await new RunnerCluster({
    n: 4,
    loses: (from, to) => isCut && (from === 2 || to === 2),
  }).start()
  await world.run(1)
  world.seat(1).fuse = 12
  for (let i = 0; i < 60 && world.seat(1).runner !== null; i += 1) await world.tick()
  await world.restart(1)
  await world.run(4)
  isCut = true
  for (let i = 0; i < 25; i += 1) await world.tick()
  isCut = false
  expect(await world.run(HEIGHTS)).to.equal(true)
  for (let i = 0; i < 300; i += 1) await world.tick()
  expectSound(world)
  return world
}
