/** A deployment that counts blocks and seconds, and a chain whose clock the test sets. */
import { network } from 'hardhat'
import type { Moment } from '../../src/types/moment.ts'
import type { Actor, Connection, Story, TaskParams, Windows, World } from './world.ts'
import { WINDOWS, blockNumber, deployWorld, form, headerOf, join, publish, registeredMany } from './world.ts'

export const HOURS = 3_600n
/** Shorter than the stop of a chain that the tests play: what is left after it, blocks have to hold. */
export const TIMED: Windows = {
  ...WINDOWS,
  ...{ taskSecondsMax: 40n * HOURS, graceSeconds: 900n, evidenceSeconds: 2n * HOURS },
  ...{ seedDelaySeconds: 300n, jailSeconds: 3n * HOURS },
}
export const UNBONDING_SECONDS = 45n * HOURS
/** A chain stops for so long. */
export const STOP = 6n * HOURS

/** Blocks may have equal times, as on chains that build several a second. */
export const timedChain = (): Promise<Connection> =>
  network.create({ override: { allowBlocksWithSameTimestamp: true } })

export const deployTimed = (connection: Connection): Promise<World> =>
  deployWorld(connection, undefined, undefined, TIMED, UNBONDING_SECONDS)

export async function nowOf(w: World): Promise<Moment> {
  const block = await w.connection.ethers.provider.getBlock('latest')
  return { number: BigInt(block!.number), time: BigInt(block!.timestamp) }
}

/** The next block comes so many seconds after the latest. */
export async function delay(w: World, seconds: bigint): Promise<void> {
  await w.connection.networkHelpers.time.setNextBlockTimestamp((await nowOf(w)).time + seconds)
}

/** Mines so many blocks, so many seconds apart. */
export async function tick(w: World, blocks: bigint | number, seconds: bigint): Promise<void> {
  for (let i = 0; i < Number(blocks); i++) {
    await delay(w, seconds)
    await w.connection.networkHelpers.mine(1)
  }
}

/** What `form` takes, with the first block that reaches the seed's moment; null if there is none yet. */
export async function timedDrawing(
  w: World,
  taskId: bigint,
  seed: Moment,
): Promise<{ args: [bigint, string, string]; block: bigint } | null> {
  const head = await blockNumber(w)
  for (let block = seed.number; block <= head; block++) {
    const { timestamp } = (await w.connection.ethers.provider.getBlock(block))!
    if (BigInt(timestamp) < seed.time) continue
    return { args: [taskId, await headerOf(w, block), await headerOf(w, block - 1n)], block }
  }
  return null
}

/** Params of a task that signs up for 20 blocks and 1,000 s, and ends 400 blocks and 20 hours from now. */
export async function timedParams(w: World, changes: Partial<TaskParams> = {}): Promise<Partial<TaskParams>> {
  const { number, time } = await nowOf(w)
  return {
    ...{ joinDeadline: number + 20n, joinTime: time + 1_000n },
    ...{ endBlock: number + 400n, endTime: time + 20n * HOURS },
    ...{ stallBlocks: 40n, stallSeconds: 2n * HOURS },
    ...changes,
  }
}

/** A task in which four actors have a seat, drawn by time: blocks of a minute. */
export async function timedStory(
  w: World,
  changes: Partial<TaskParams> = {},
): Promise<{ story: Story; actors: Actor[] }> {
  const actors = await registeredMany(w, 4)
  return { story: await timedTask(w, actors, changes), actors }
}

export async function timedTask(
  w: World,
  actors: readonly Actor[],
  changes: Partial<TaskParams> = {},
): Promise<Story> {
  const params = await timedParams(w, changes)
  const taskId = await publish(w, params)
  for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
  await tick(w, 40, 60n)
  const seed = {
    number: BigInt(params.joinDeadline!) + TIMED.reorgDepth,
    time: BigInt(params.joinTime!) + TIMED.seedDelaySeconds,
  }
  const drawing = await timedDrawing(w, taskId, seed)
  return form(w, taskId, actors, drawing!.args)
}
