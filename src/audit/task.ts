import { AbiCoder } from 'ethers'
import { keccak } from '../codec/hex.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { RawTaskParams } from '../ports/history-events.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'
import type { Judge } from './judge.ts'
import type { Reconciler, Reconciled } from './reconcile.ts'

/** ITaskBoard.TaskParams; a wrong or missing field gives another `paramsHash`. */
export const PARAMS_TYPE =
  'tuple(bytes32 reducer, bytes reducerParams, bool usesPrevious, address twin, uint256 predecessor, uint8 minNodes, uint8 maxNodes, uint16 heights, uint16 epochHeights, uint16 stateCap, uint16 inputCap, bool calldataInputs, uint128 stakePerNode, uint128 rewardPerHeight, uint128 checkpointFee, uint64 formGasPrice, uint64 joinDeadline, uint64 joinTime, uint64 endBlock, uint64 endTime, uint32 stallBlocks, uint32 stallSeconds, uint32 turnBlocks, uint16 maxEvents, uint16 tickMs, uint32 debateTicks, uint32 shareTicks, uint32 confirmTicks, uint32 helloTicks, uint32 slotTicks, address[] reporters)'

/** A task as published. */
export interface PublishedTask {
  readonly taskId: bigint
  readonly client: Address
  readonly paramsHash: Digest
  readonly params: TaskParams
  readonly block: bigint
  readonly transaction: Digest
}

/** `keccak(abi.encode(params))`; null for values that no such struct can hold. */
export function hashParams(params: RawTaskParams): Digest | null {
  try {
    return keccak(AbiCoder.defaultAbiCoder().encode([PARAMS_TYPE], [params]) as Hex)
  } catch {
    return null
  }
}

/** What the client asked for: event ↔ calldata ↔ hash ↔ what the board stores. Null if it was never published. */
export function checkTask(judge: Judge, history: TaskHistory, reconciler: Reconciler): PublishedTask | null {
  const [published, second] = reconciler.all('TaskPublished')
  const bench = judge.at('task')
  if (published === undefined) {
    bench.missing('TaskPublished', 'no such event of this task')
    return null
  }
  if (second !== undefined) bench.mismatch('TaskPublished', 'one event', 'two', 'a task is published once')
  bench.equal('TaskPublished.taskId', history.taskId, published.args.taskId, 'the task that was asked for')
  const { params, client } = published.args
  const paramsHash = checkParamsHash(published, history.views.task.paramsHash)
  bench.equal('task().paramsHash', paramsHash, history.views.task.paramsHash, 'the hash of the parameters')
  bench.equal('task().client', client, history.views.task.client, 'who published the task')
  const { block, transactionHash: transaction } = published
  return { taskId: history.taskId, client, paramsHash, params: typed(params), block, transaction }
}

/** The hash of the parameters; where they disagree, the board's stored hash says which of the two is wrong. */
function checkParamsHash({ args, bench }: Reconciled<'TaskPublished'>, stored: Digest): Digest {
  const recomputed = hashParams(args.params)
  if (recomputed === args.paramsHash) return recomputed
  if (recomputed === null || stored === args.paramsHash) {
    const actual = recomputed ?? 'values out of range'
    bench.mismatch('TaskPublished.params', `params with hash ${args.paramsHash}`, actual, 'paramsHash')
    return args.paramsHash
  }
  bench.mismatch('TaskPublished.paramsHash', recomputed, args.paramsHash, 'keccak(abi.encode(params))')
  return recomputed
}

function typed(params: RawTaskParams): TaskParams {
  return {
    ...params,
    minNodes: Number(params.minNodes),
    maxNodes: Number(params.maxNodes),
    heights: Number(params.heights),
    epochHeights: Number(params.epochHeights),
    stateCap: Number(params.stateCap),
    inputCap: Number(params.inputCap),
    joinDeadline: Number(params.joinDeadline),
    joinTime: Number(params.joinTime),
    endBlock: Number(params.endBlock),
    endTime: Number(params.endTime),
    stallBlocks: Number(params.stallBlocks),
    stallSeconds: Number(params.stallSeconds),
    turnBlocks: Number(params.turnBlocks),
    maxEvents: Number(params.maxEvents),
    tickMs: Number(params.tickMs),
    debateTicks: Number(params.debateTicks),
    shareTicks: Number(params.shareTicks),
    confirmTicks: Number(params.confirmTicks),
    helloTicks: Number(params.helloTicks),
    slotTicks: Number(params.slotTicks),
  }
}
