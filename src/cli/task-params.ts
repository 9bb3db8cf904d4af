import { EXAMPLE_PARAMS_HEX } from '../../examples/rate-limit/budget.ts'
import { WINDOW_SECONDS } from '../../examples/rate-limit/trace.ts'
import { reducerHash } from '../reducers/catalog.ts'
import { rateLimit } from '../reducers/rate-limit.ts'
import type { TaskParams } from '../types/task.ts'

export interface RateLimitTask {
  readonly nodes: number
  readonly heights: number
  /** R: heights per checkpoint. */
  readonly epoch: number
  /** Replay speed of the trace: a window of 10 s becomes one height every 10 / factor seconds. */
  readonly factor: number
  readonly joinBlocks: number
  /** Block number now. */
  readonly head: number
  /** Longest task of this deployment, blocks. */
  readonly taskBlocksMax: number
}

const ETHER = 10n ** 18n
const TICK_MS = 50
/** Blocks until the duty to submit moves on. */
const TURN_BLOCKS = 4
/** Bytes of a rate-limit state with so many rows: u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share) */
export const stateBytes = (nodes: number): number => 9 + 17 * nodes

const JOIN_BLOCKS_MIN = 20

/** Blocks of sign-up in which every node sees the task, `reorgDepth` blocks late, and has as many again to sign up. */
export function joinBlocksFor(reorgDepth: number): number {
  return Math.max(JOIN_BLOCKS_MIN, 2 * reorgDepth)
}

/** Parameters of a rate-limit task over the example trace, with time-outs that fit its replay speed. */
export function rateLimitTask(task: RateLimitTask): TaskParams {
  const slotTicks = Math.max(2, Math.round((WINDOW_SECONDS * 1000) / task.factor / TICK_MS))
  const phaseTicks = Math.max(10, Math.round(slotTicks * 0.6))
  return {
    reducer: reducerHash(rateLimit.id),
    reducerParams: EXAMPLE_PARAMS_HEX,
    usesPrevious: false,
    twin: `0x${'00'.repeat(20)}`,
    predecessor: 0n,
    minNodes: Math.max(4, Math.floor((2 * task.nodes) / 3) + 1),
    maxNodes: task.nodes,
    heights: task.heights,
    epochHeights: task.epoch,
    stateCap: stateBytes(task.nodes),
    inputCap: stateBytes(1),
    calldataInputs: true,
    stakePerNode: 100n * ETHER,
    rewardPerHeight: ETHER,
    checkpointFee: ETHER,
    joinDeadline: task.head + task.joinBlocks,
    endBlock: task.head + task.taskBlocksMax,
    stallBlocks: 8 * task.nodes * TURN_BLOCKS,
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
