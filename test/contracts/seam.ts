import { expect } from 'chai'
import { id } from 'ethers'
import { network } from 'hardhat'
import type { Proof } from './evidence.ts'
import { judge, report } from './evidence.ts'
import { finished } from './lines.ts'
import type { Case } from './provable.ts'
import { NOTHING_BEFORE, accusation, provable } from './provable.ts'
import { refused } from './refused.ts'
import type { Actor, World } from './world.ts'
import {
  deployWorld,
  label,
  mineTo,
  publish,
  registeredMany,
  running,
  seedBlockOf,
  stateOf,
} from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LAST = 4n

async function two(): Promise<{ w: World; actors: Actor[] }> {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 7) }
}

/** Height 1 of a provable task that goes on from another one. */
const successor = (w: World, actors: readonly Actor[], predecessor: bigint): Promise<Case> =>
  provable(w, actors, { usesPrevious: true, predecessor })

const withBefore = ({ name, args }: Proof, state: string): Proof => ({
  name,
  args: args.with(9, { ...NOTHING_BEFORE, state }),
})

describe('Slasher.wrongReduction at height 1 of a task with a predecessor', () => {
  it('LN-4: hands the twin the published result of the predecessor, and no other state', async () => {
    const { w, actors } = await loadFixture(two)
    const before = await running(w, actors, { heights: LAST })
    await finished(before, LAST)
    const c = await successor(w, actors, before.taskId)
    const result = stateOf(LAST)
    const right = await accusation(c, { height: 1, previous: result })
    await refused(judge(w, withBefore(right, result)), w.slasher, 'ProvesNothing', label('right state'))
    // whoever voted as if nothing had been handed over answers for it
    const forgot = await accusation(c, { height: 1 })
    for (const state of ['0x', stateOf(LAST - 1n), id('invented')])
      for (const proof of [forgot, right])
        await refused(judge(w, withBefore(proof, state)), w.slasher, 'ProvesNothing', label('previous'))
    await report(w, w.mallory, withBefore(forgot, result))
    expect((await w.board.convictionOf(c.story.taskId, 2)).percent).greaterThan(0)
  })

  it('gives no verdict while the predecessor may still come to a result', async () => {
    const { w, actors } = await loadFixture(two)
    const before = await running(w, actors, { heights: LAST, stallBlocks: 200n })
    const c = await successor(w, actors, before.taskId)
    const proof = await accusation(c, { height: 1, share: { stateHash: id('wrong') } })
    const undecided = (): Promise<void> =>
      refused(judge(w, proof), w.slasher, 'NoVerdict', label('predecessor'))
    await undecided()
    // it dies with an accepted height: anybody who has the state may publish it, at any time
    await before.accept(1)
    await mineTo(w, (await w.log.head(before.taskId)).lastAt.number + 201n)
    await undecided()
  })

  it('hands over nothing from a task that is over without an accepted height, whatever the proof brings', async () => {
    const { w, actors } = await loadFixture(two)
    const expired = await publish(w)
    await mineTo(w, await seedBlockOf(w, expired))
    const dead = await running(w, actors, { heights: LAST, stallBlocks: 60n })
    await mineTo(w, (await w.log.head(dead.taskId)).lastAt.number + 61n)
    for (const predecessor of [expired, dead.taskId]) {
      const c = await successor(w, actors, predecessor)
      const right = await accusation(c, { height: 1 })
      for (const state of ['0x', stateOf(1n)])
        await refused(judge(w, withBefore(right, state)), w.slasher, 'ProvesNothing', label('right state'))
      const wrong = await accusation(c, { height: 1, previous: stateOf(1n) })
      await judge(w, withBefore(wrong, stateOf(1n)))
    }
  })
})
