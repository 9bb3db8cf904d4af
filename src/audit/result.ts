import { keccak } from '../codec/hex.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import { NIL } from '../types/ids.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { Judge } from './judge.ts'
import type { Reconciler } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** The published result is the state after the last height. Returns whether one was published. */
export function checkResult(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
  batches: readonly AnchoredBatch[],
): boolean {
  const [finalized, second] = reconciler.all('TaskFinalized')
  const stored = history.views.task.resultHash
  const board = 'what the board stores'
  if (finalized === undefined) {
    judge.at('result').equal('task().resultHash', NIL, stored, 'no TaskFinalized event was found')
    return false
  }
  const { args, bench, call, transactionHash } = finalized
  if (second !== undefined) bench.mismatch('TaskFinalized', 'one event', 'two', 'a result is published once')
  bench.equal('TaskFinalized.taskId', task.taskId, args.taskId, 'the task that was asked for')
  const batch = batches.at(-1)
  const last = batch?.heights.at(-1)
  if (batch === undefined || last === undefined) {
    bench.missing('TaskFinalized.stateHash', 'no checkpoint was found that it could be held against')
    return true
  }
  const why = `decided at height ${last.height}`
  bench.equal(
    'TaskFinalized.height',
    BigInt(last.height),
    args.height,
    'the last height of the last checkpoint',
  )
  bench.equal('TaskFinalized.stateHash', last.stateHash, args.stateHash, why)
  bench.equal('task().resultHash', last.stateHash, stored, board)
  const hash = keccak(args.result)
  if (hash !== last.stateHash)
    bench.mismatch('TaskFinalized.result', `bytes with hash ${last.stateHash}`, `hash ${hash}`, why)
  if (call === null || !('previousRoot' in call)) return true
  if (call.previousRoot !== batch.rootBeforeLast) {
    const fold = 'folded from the checkpoints'
    bench.calldata(transactionHash, 'finalize().previousRoot', batch.rootBeforeLast, call.previousRoot, fold)
  }
  if (call.inputsRoot !== last.inputsRoot)
    bench.calldata(transactionHash, 'finalize().inputsRoot', last.inputsRoot, call.inputsRoot, why)
  if (call.inputs !== last.inputs)
    bench.calldata(transactionHash, 'finalize().inputs', last.inputs, call.inputs, why)
  return true
}
