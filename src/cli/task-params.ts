import type { Deployment } from '../adapters/evm/deployment.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { TaskParams } from '../types/task.ts'
import type { TaskPrices } from './task-prices.ts'
import { USUAL_PRICES } from './task-prices.ts'

export interface TaskSize {
  readonly nodes: number
  readonly heights: number
  /** R: heights per checkpoint. */
  readonly epoch: number
  /** One height every 10 / factor seconds; of a trace, its replay speed. */
  readonly factor: number
  readonly joinBlocks: number
  /** Block number now. */
  readonly head: number
  /** Longest task of this deployment, blocks. */
  readonly taskBlocksMax: number
  /** Absent: blocks alone count. */
  readonly times?: TaskTimes
  /** Absent: the usual ones. */
  readonly prices?: TaskPrices
}

/** Seconds of a task, beside its blocks. */
export type TaskTimes = Pick<TaskParams, 'joinTime' | 'endTime' | 'stallSeconds'>

/** Durations that somebody asked for, seconds. */
export interface AskedSeconds {
  readonly joinSeconds?: number | undefined
  readonly endSeconds?: number | undefined
  readonly stallSeconds?: number | undefined
}

/** What a task is to compute, and how long its states may be. */
export type TaskWork = Pick<
  TaskParams,
  'reducer' | 'reducerParams' | 'usesPrevious' | 'stateCap' | 'inputCap' | 'calldataInputs'
>

/** From height to height at factor 1. */
const HEIGHT_SECONDS = 10
const TICK_MS = 50
/** Blocks until the duty to submit moves on. */
const TURN_BLOCKS = 4

const JOIN_BLOCKS_MIN = 20
/** Nodes poll, judge and send in this time, on a busy machine too. */
const JOIN_MS_MIN = 10_000

/**
 * Blocks of sign-up in which every node sees the task, `reorgDepth` blocks late, and has as many again to sign up, and no
 * less than ten seconds. A chain that mines at once puts each of `nodes` sign-ups into a block of its own.
 *
 * @param blockMs from block to block, as they come now
 */
export function joinBlocksFor(reorgDepth: number, nodes: number, blockMs: number): number {
  const awaited = Math.max(reorgDepth, Math.ceil(JOIN_MS_MIN / blockMs))
  return Math.max(JOIN_BLOCKS_MIN, reorgDepth + awaited) + nodes
}

/** Seconds that a block is taken to last, where nobody says how long something is to last. */
const BLOCK_SECONDS = 12
const NO_TIMES: TaskTimes = { joinTime: 0, endTime: 0, stallSeconds: 0 }

/**
 * Seconds of a task that begins at second `now`: as asked for, else as long as its blocks and as the windows allow.
 *
 * @throws RsdpError E_TASK_TIMES: not within the windows, or the deployment counts blocks alone
 */
export function taskTimes(
  windows: Deployment['windows'],
  now: number,
  size: { readonly joinBlocks: number; readonly nodes: number },
  asked: AskedSeconds,
): TaskTimes {
  const { taskSecondsMax, seedDelaySeconds, graceSeconds } = windows
  if (taskSecondsMax === 0) {
    if (Object.values(asked).every((seconds) => seconds === undefined)) return NO_TIMES
    throw badTimes('this deployment counts blocks alone', 'leave out --join-, --end- and --stall-seconds')
  }
  const end = asked.endSeconds ?? taskSecondsMax
  const draw = seedDelaySeconds + graceSeconds
  if (end > taskSecondsMax || end <= draw)
    throw badTimes(`no task ends in ${end} s`, `give --end-seconds ${draw + 1} to ${taskSecondsMax}`)
  const join = asked.joinSeconds ?? Math.min(size.joinBlocks * BLOCK_SECONDS, end - draw)
  if (join > end - draw)
    throw badTimes(
      `a sign-up of ${join} s leaves no time for the drawing`,
      `give --join-seconds at most ${end - draw}`,
    )
  const stall = asked.stallSeconds ?? Math.max(2 * graceSeconds, stallBlocksFor(size.nodes) * BLOCK_SECONDS)
  if (stall <= graceSeconds)
    throw badTimes(`${stall} s are too short a silence`, `give --stall-seconds more than ${graceSeconds}`)
  return { joinTime: now + join, endTime: now + end, stallSeconds: stall }
}

function badTimes(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_TASK_TIMES', message, hint, exit: EXIT.usage })
}

const stallBlocksFor = (nodes: number): number => 8 * nodes * TURN_BLOCKS

/** Parameters of a task that makes a decision every 10 / factor seconds. */
export function taskOf(task: TaskSize, work: TaskWork): TaskParams {
  const slotTicks = Math.max(2, Math.round((HEIGHT_SECONDS * 1000) / task.factor / TICK_MS))
  const phaseTicks = Math.max(10, Math.round(slotTicks * 0.6))
  return {
    ...work,
    twin: `0x${'00'.repeat(20)}`,
    predecessor: 0n,
    minNodes: Math.max(4, Math.floor((2 * task.nodes) / 3) + 1),
    maxNodes: task.nodes,
    heights: task.heights,
    epochHeights: task.epoch,
    ...(task.prices ?? USUAL_PRICES),
    joinDeadline: task.head + task.joinBlocks,
    endBlock: task.head + task.taskBlocksMax,
    stallBlocks: stallBlocksFor(task.nodes),
    ...(task.times ?? NO_TIMES),
    turnBlocks: TURN_BLOCKS,
    maxEvents: 16,
    tickMs: TICK_MS,
    debateTicks: phaseTicks,
    shareTicks: phaseTicks,
    confirmTicks: 3 * phaseTicks,
    helloTicks: phaseTicks,
    slotTicks,
    reporters: [],
  }
}
