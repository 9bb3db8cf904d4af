/**
 * Gas of checkpoints in the steady state: the second of its task, at the end of an epoch, with real signatures, one shared
 * log head and the fee earned. Inputs are published only where the case says so.
 */
import { concat, id } from 'ethers'
import type { Costs } from './cost-of.ts'
import { aside } from './cost-of.ts'
import type { Actor, CheckpointOptions, Story, TaskParams, World } from './world.ts'
import { allOf, running } from './world.ts'

const INPUT_OVERHEAD = 11
const STATE_BYTES = 32
/** Heights whose published inputs fit a checkpoint, 31 KiB of states, at 128 members. */
const PUBLISHED = 7

export async function checkpointCosts(w: World, actors: readonly Actor[]): Promise<Costs> {
  const n = actors.length
  const quorum = Array.from({ length: Math.floor((2 * n) / 3) + 1 }, (_, i) => i)
  const costs: Record<string, number> = {}
  for (const heights of [1, 16, 32]) {
    const story = await steady(w, actors, heights)
    const title = `checkpoint, ${heights} height${heights === 1 ? '' : 's'}`
    costs[`${title}, all sign`] = await next(w, story, heights)
    costs[`${title}, bare quorum`] = await next(w, story, heights, { signers: quorum })
  }
  const story = await steady(w, actors, 16)
  // everybody but one at each height, another one each time: every counter is written, at every height
  const spread = story.heights(16).map((height, i) => ({ ...height, list: allOf(n) ^ (1n << BigInt(i % n)) }))
  costs['checkpoint, 16 heights, one left out of each'] = await next(w, story, 16, { heights: spread })
  costs['republish, 16 hints'] = await aside(w, () =>
    w.log.republish(story.taskId, 16, `0x${'00'.repeat(16)}`, '0x'),
  )
  const inputs = bytes(PUBLISHED * (1 + n * (INPUT_OVERHEAD + STATE_BYTES)))
  const changes = { calldataInputs: true, inputCap: STATE_BYTES }
  const published = await steady(w, actors, PUBLISHED, changes, { inputs })
  costs[`checkpoint, ${PUBLISHED} heights, inputs of 32 bytes`] = await next(w, published, PUBLISHED, {
    inputs,
  })
  return costs
}

/** A task after its first checkpoint. */
async function steady(
  w: World,
  actors: readonly Actor[],
  heights: number,
  changes: Partial<TaskParams> = {},
  options: CheckpointOptions = {},
): Promise<Story> {
  const params = { heights: 3 * heights, epochHeights: heights, stallBlocks: 8 * actors.length, ...changes }
  const story = await running(w, actors, params)
  await story.accept(heights, options)
  return story
}

/** What the next checkpoint costs the member whose turn it is. */
const next = (w: World, story: Story, heights: number, options: CheckpointOptions = {}): Promise<number> =>
  aside(w, () => story.copy().accept(heights, options))

/** That many that look random and are the same at each run. */
function bytes(length: number): string {
  const words = Array.from({ length: Math.ceil(length / 32) }, (_, i) => id(`input ${i}`))
  return concat(words).slice(0, 2 + 2 * length)
}
