import { fromHex, keccak } from '../codec/hex.ts'
import type { PredecessorHistory, TaskHistory } from '../ports/chain-history.ts'
import { OUTCOMES, TASK_STATUSES, goesOn } from '../types/task.ts'
import type { Outcome, TaskParams } from '../types/task.ts'
import { NIL } from '../types/ids.ts'
import type { Digest } from '../types/ids.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { Judge } from './judge.ts'

/** Where a task goes on from another one. */
export interface Seam {
  readonly predecessor: bigint
  /** Whether its result may be relied upon; a tainted one may have become so after it was handed over. */
  readonly outcome: Outcome
  /** Height that the result is of; 0 if nothing was handed over. */
  readonly height: number
  /** Hash of what was handed over; null if nothing was. */
  readonly stateHash: Digest | null
  /** Block and second of the predecessor's last checkpoint, of its result, and of the first checkpoint after the seam. */
  readonly left: Moment
  readonly published: Moment | null
  readonly resumed: Moment | null
  /** From the last checkpoint before the seam to the first one after it; null before that. */
  readonly gapBlocks: number | null
  readonly gapSeconds: number | null
}

interface Moment {
  readonly block: number
  readonly time: number
}

const OVER: ReadonlySet<string> = new Set(['Closed', 'Expired', 'NoQuorum'])

/** What height 1 was handed, and the seam; `previous` null if the bytes are not there or not right. */
export interface Handed {
  readonly previous: Uint8Array | null
  readonly seam: Seam | null
}

/**
 * The state before height 1: the published result of the predecessor, held against the hash that the board keeps of it; nothing
 * after a task that is over without an accepted height.
 */
export function checkSeam(
  judge: Judge,
  history: TaskHistory,
  params: TaskParams,
  batches: readonly AnchoredBatch[],
): Handed {
  if (!goesOn(params)) return { previous: new Uint8Array(), seam: null }
  const before = history.predecessor
  const bench = judge.at('seam', `task ${params.predecessor}`)
  if (before?.taskId !== params.predecessor) {
    bench.missing('TaskFinalized', 'nothing was read about the task that this one goes on from')
    return { previous: null, seam: null }
  }
  const seam = seamOf(before, batches)
  // it waits for its predecessor
  if (batches.length === 0 && before.resultHash === NIL) return { previous: null, seam }
  return { previous: previousOf(judge, before), seam }
}

function previousOf(judge: Judge, before: PredecessorHistory): Uint8Array | null {
  const bench = judge.at('seam', `task ${before.taskId}`)
  const [finalized] = before.finalized
  if (before.resultHash === NIL && finalized === undefined) {
    const isOver = OVER.has(TASK_STATUSES[Number(before.status)] ?? '')
    if (isOver && before.last === 0n) return new Uint8Array()
    const why = 'height 1 was decided before there was a result that it could have been handed'
    bench.mismatch('TaskFinalized', 'a published result', 'none', why, { height: 1 })
    return null
  }
  if (finalized === undefined) {
    bench.missing('TaskFinalized.result', 'the endpoint does not serve the result')
    return null
  }
  const why = 'keccak of the published result'
  const hash = keccak(finalized.result)
  if (before.resultHash !== hash) {
    // of the two, the one that the event repeats is right
    if (finalized.stateHash === hash) bench.mismatch('task().resultHash', hash, before.resultHash, why)
    else
      bench.mismatch(
        'TaskFinalized.result',
        `bytes with hash ${before.resultHash}`,
        `hash ${hash}`,
        'what the board keeps',
        { height: 1 },
      )
    return null
  }
  bench.equal('TaskFinalized.stateHash', hash, finalized.stateHash, why)
  bench.equal('TaskFinalized.height', before.last, finalized.height, 'the last accepted height')
  return fromHex(finalized.result)
}

function seamOf(before: PredecessorHistory, batches: readonly AnchoredBatch[]): Seam {
  const [finalized] = before.finalized
  const first = batches[0]?.source.block
  const at = (block: bigint): Moment => ({
    block: Number(block),
    time: Number(before.times.get(block) ?? 0n),
  })
  const left = { block: Number(before.lastAt.number), time: Number(before.lastAt.time) }
  const resumed = first === undefined ? null : at(first)
  return {
    predecessor: before.taskId,
    outcome: OUTCOMES[Number(before.outcome)] ?? 'pending',
    height: finalized === undefined ? 0 : Number(finalized.height),
    stateHash: finalized === undefined ? null : finalized.stateHash,
    left,
    published: finalized === undefined ? null : at(finalized.block),
    resumed,
    gapBlocks: resumed === null ? null : resumed.block - left.block,
    gapSeconds: resumed === null ? null : resumed.time - left.time,
  }
}
