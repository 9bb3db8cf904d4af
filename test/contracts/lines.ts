/** A line of tasks, and what happens to its tasks. */
import type { ContractTransactionResponse, Signer } from 'ethers'
import type { ITaskLine, TaskLine } from '../../types/ethers-contracts/index.js'
import type { Actor, Story, TaskParams, World } from './world.ts'
import { allOf, blockNumber, form, heightOf, join, mineTo, stateOf, taskParams, WINDOWS } from './world.ts'

export type Plan = Omit<ITaskLine.PlanStruct, 'params'> & { params: TaskParams }

/** Blocks of sign-up, and of a task. */
export const SIGN_UP = 20n
export const LENGTH = 300n
export const BEFORE = 60n
export const STALL = 40n
export const FEE = 7n
export const HEIGHTS = 8n

/** A plan for tasks of four seats and eight heights. */
export async function planOf(
  w: World,
  changes: Partial<Plan> = {},
  params: Partial<TaskParams> = {},
): Promise<Plan> {
  const timeless = await taskParams(w, {
    ...{ heights: HEIGHTS, epochHeights: 4n, usesPrevious: true, stallBlocks: STALL },
    ...{ joinDeadline: SIGN_UP, endBlock: LENGTH },
    ...params,
  })
  return {
    params: timeless,
    ...{ withGeneration: false, renewBeforeBlocks: BEFORE, renewBeforeSeconds: 0n, renewBeforeHeights: 2n },
    ...{ paceBlocks: 0n, paceSeconds: 0n, renewFee: FEE },
    ...changes,
  }
}

/** A line with its plan, as its keepers see it. */
export interface Line {
  readonly w: World
  readonly line: TaskLine
  readonly plan: Plan
}

/** A line of the client's, with money for `budget`. */
export async function opened(w: World, plan: Plan, budget = 10_000n): Promise<Line> {
  const address = await w.lines.connect(w.client).open.staticCall(plan)
  await w.lines.connect(w.client).open(plan)
  const line = await w.connection.ethers.getContractAt('TaskLine', address)
  await w.token.connect(w.client).approve(line, 10n ** 20n)
  if (budget > 0n) await line.connect(w.client).fund(budget)
  return { w, line, plan }
}

export const renew = (
  { w, line, plan }: Line,
  by: Signer = w.mallory,
): Promise<ContractTransactionResponse> => line.connect(by).renew(plan)

/** Renews, and says which task came of it. */
export async function renewed(l: Line, by?: Signer): Promise<bigint> {
  await renew(l, by)
  return l.w.board.tasks()
}

/** Everybody signs up for a task of the line, and its cluster is drawn. */
export async function drawn(w: World, taskId: bigint, actors: readonly Actor[]): Promise<Story> {
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(taskId))
  for (const actor of actors) await join(w, actor.node, taskId, actor.keyAddress)
  await mineTo(w, published!.args.params.joinDeadline + WINDOWS.reorgDepth)
  return form(w, taskId, actors)
}

/** Accepts heights until `last`, and publishes the state of that one. */
export async function finished(story: Story, last: bigint): Promise<void> {
  while (story.last < last - 1n) {
    const left = 4n - (story.last % 4n)
    await story.accept(Number(left < last - 1n - story.last ? left : last - 1n - story.last))
  }
  const rootBefore = story.root
  await story.accept(1)
  await publishResult(story, rootBefore)
}

/** @param rootBefore root of the height before the last accepted one */
export async function publishResult(
  { world: w, taskId, last, members }: Story,
  rootBefore: string,
): Promise<void> {
  const list = allOf(members.length)
  await w.board.finalize(taskId, stateOf(last), rootBefore, heightOf(last).inputsRoot, list)
}

/** Blocks go by. */
export const wait = async (w: World, blocks: bigint): Promise<void> =>
  mineTo(w, (await blockNumber(w)) + blocks)

/** What the line holds is what its book says. */
export async function books({ w, line }: Line): Promise<{ held: bigint; budget: bigint }> {
  const { budget } = await line.standing()
  return { held: await w.token.balanceOf(line), budget }
}
