import { expect } from 'chai'
import type { Line } from './lines.ts'
import { opened, planOf, renewed } from './lines.ts'
import { refused } from './refused.ts'
import { HOURS, TIMED, delay, deployTimed, nowOf, tick, timedChain, timedDrawing } from './timed.ts'
import type { Actor, Story, World } from './world.ts'
import { STATUS, form, join, registeredMany } from './world.ts'

const connection = await timedChain()
const { loadFixture } = connection.networkHelpers
const LENGTH = 20n * HOURS
const BEFORE = 4n * HOURS
const STALL = 6n * HOURS

/** A line whose tasks take 300 blocks and 20 hours, and die after 200 blocks and six hours of silence. */
async function timed(): Promise<{ w: World; actors: Actor[]; l: Line }> {
  const w = await deployTimed(connection)
  const actors = await registeredMany(w, 4)
  const params = { joinTime: 1_000n, endTime: LENGTH, stallBlocks: 200n, stallSeconds: STALL }
  const plan = await planOf(w, { renewBeforeSeconds: BEFORE, paceSeconds: 600n }, params)
  return { w, actors, l: await opened(w, plan) }
}

const paramsOf = async (w: World, taskId: bigint) =>
  (await w.board.queryFilter(w.board.filters.TaskPublished(taskId)))[0]!.args.params

async function drawn(w: World, taskId: bigint, actors: readonly Actor[]): Promise<Story> {
  const { joinDeadline, joinTime } = await paramsOf(w, taskId)
  for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
  await tick(w, 40, 60n)
  const seed = { number: joinDeadline + TIMED.reorgDepth, time: joinTime + TIMED.seedDelaySeconds }
  return form(w, taskId, actors, (await timedDrawing(w, taskId, seed))!.args)
}

/** `renew` in a block at this second, as it would be answered. */
const attempt = async ({ w, line, plan }: Line, time: bigint) => {
  await delay(w, time - (await nowOf(w)).time)
  return line.connect(w.mallory).renew(plan, { gasLimit: 3_000_000n })
}

describe('a line where blocks and seconds count', () => {
  it('times its tasks from the second of `renew` on', async () => {
    const { w, l } = await loadFixture(timed)
    const taskId = await renewed(l)
    const { number, time } = await nowOf(w)
    const { joinDeadline, joinTime, endBlock, endTime } = await paramsOf(w, taskId)
    expect([joinDeadline, joinTime]).to.deep.equal([number + 20n, time + 1_000n])
    expect([endBlock, endTime]).to.deep.equal([number + 300n, time + LENGTH])
  })

  it('is due once both its block and its second have come, and not a second sooner', async () => {
    const { w, actors, l } = await loadFixture(timed)
    const first = await renewed(l)
    const story = await drawn(w, first, actors)
    const { endBlock, endTime } = await paramsOf(w, first)
    // all the blocks, and few of the seconds
    while ((await nowOf(w)).number < endBlock) await tick(w, 1, 1n)
    await story.accept(1)
    await refused(attempt(l, endTime - BEFORE - 1n), l.line, 'NotDue', first, STATUS.Active, 1)
    await attempt(l, endTime - BEFORE)
    expect((await l.line.standing()).count).to.equal(2)
  })

  it('a chain that stops loses nothing: four silences are so many blocks, too', async () => {
    const { w, actors, l } = await loadFixture(timed)
    const first = await renewed(l)
    const story = await drawn(w, first, actors)
    await story.accept(1)
    const { number, time } = await nowOf(w)
    await delay(w, 4n * STALL)
    await connection.networkHelpers.mine(1)
    expect((await l.line.seam()).isDue).to.equal(false)
    while ((await nowOf(w)).number < number + 4n * 200n) await tick(w, 1, 1n)
    expect((await nowOf(w)).time).greaterThan(time + 4n * STALL)
    expect((await l.line.seam()).isDue).to.equal(true)
  })

  it('keeps its pace by seconds, and its notice by both', async () => {
    const { w, l } = await loadFixture(timed)
    const line = l.line.connect(w.client)
    await line.closeLine()
    const { closesAt } = await line.standing()
    const { number, time } = await nowOf(w)
    expect([closesAt.number, closesAt.time]).to.deep.equal([number + 300n, time + LENGTH])
    await delay(w, LENGTH)
    await refused(line.withdraw(), line, 'TooEarly', ...Array.from({ length: 4 }, () => () => true))
    await renewed(l)
  })
})
