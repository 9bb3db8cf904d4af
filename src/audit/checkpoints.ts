import type { BatchHeight } from '../codec/batch.ts'
import { decodeBatch } from '../codec/batch.ts'
import { epochOf } from '../codec/log.ts'
import { valueHash } from '../codec/objects.ts'
import { appendRoot, rootStart } from '../codec/roots.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { Bitmap, Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { FormedCluster } from './cluster.ts'
import type { Certificate } from './certificate.ts'
import { checkCertificate } from './certificate.ts'
import type { Bench, Judge } from './judge.ts'
import type { PostedEvent } from './ledger.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** One height as the chain has it. */
export interface AnchoredHeight {
  readonly height: number
  /** Root after the height before. */
  readonly parent: Digest
  readonly hint: number
  readonly stateHash: Digest
  readonly inputsRoot: Digest
  /** Members listed. */
  readonly inputs: Bitmap
  readonly eventSeq: number
  readonly value: Digest
}

/** A checkpoint that continues the history before it, with what its signers stand for. */
export interface AnchoredBatch {
  readonly source: Reconciled<'Checkpointed'>
  readonly bench: Bench
  readonly block: bigint
  readonly first: number
  readonly heights: readonly AnchoredHeight[]
  /** Decided value of the height before `first`; NIL before height 1. */
  readonly previous: Digest
  /** Root after the last height, and after the one before it. */
  readonly root: Digest
  readonly rootBeforeLast: Digest
  readonly certificate: Certificate
}

interface Tip {
  readonly height: number
  readonly root: Digest
  readonly eventSeq: number
  readonly value: Digest
  readonly block: bigint
}

/** What checkpoints are held against. */
export interface Anchorage {
  readonly task: PublishedTask
  readonly cluster: FormedCluster
  /** EIP-712 separator of protocol objects. */
  readonly separator: Digest
  readonly events: readonly PostedEvent[]
}

/** Every checkpoint folded onto the one before, each attested by a certificate. Ends where the history has a hole. */
export function checkCheckpoints(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  { task, cluster, separator, events }: Anchorage,
): readonly AnchoredBatch[] {
  let tip: Tip = { height: 0, root: rootStart(cluster.id), eventSeq: 0, value: NIL, block: cluster.block }
  const batches: AnchoredBatch[] = []
  for (const source of reconciler.all('Checkpointed')) {
    const heights = checkRange(source, task, cluster.members.length, tip)
    if (heights === null) return batches // nothing can be folded onto a hole
    const folded = fold(source, heights, tip, events)
    const { root, height } = folded.tip
    const certificate = checkCertificate(judge, source, cluster, separator, { height, root })
    batches.push({
      source,
      bench: source.bench,
      block: source.block,
      first: tip.height + 1,
      heights: folded.heights,
      previous: tip.value,
      root,
      rootBeforeLast: folded.rootBeforeLast,
      certificate,
    })
    judge.counts.checkpoints += 1
    if (certificate.quorum) judge.counts.heightsAttested += heights.length
    tip = folded.tip
  }
  checkHead(judge, history, tip)
  return batches
}

/** The batch continues the history, within one epoch and the task. Null if it does not follow. */
function checkRange(
  { args, bench }: Reconciled<'Checkpointed'>,
  task: PublishedTask,
  members: number,
  tip: Tip,
): readonly BatchHeight[] | null {
  bench.equal('Checkpointed.taskId', task.taskId, args.taskId, 'the task that was asked for')
  const heights = decodeBatch(args.batch, members)
  if (heights === null || heights.length === 0) {
    bench.mismatch(
      'Checkpointed.batch',
      'whole heights with lists of members',
      args.batch,
      'docs/decisions.md, section 5',
    )
    return null
  }
  const first = BigInt(tip.height + 1)
  if (!bench.equal('Checkpointed.first', first, args.first, 'continues the checkpoint before')) return null
  const last = tip.height + heights.length
  bench.equal('Checkpointed.last', BigInt(last), args.last, 'first + number of heights − 1')
  const { epochHeights } = task.params
  const epoch = epochOf(tip.height + 1, epochHeights)
  if (epochOf(last, epochHeights) !== epoch || last > task.params.heights) {
    const end = Math.min((epoch + 1) * epochHeights, task.params.heights)
    bench.mismatch(
      'Checkpointed.last',
      `at most ${end}`,
      args.last,
      'a batch stays within an epoch and the task',
    )
  }
  return heights
}

interface Folded {
  readonly heights: readonly AnchoredHeight[]
  readonly tip: Tip
  readonly rootBeforeLast: Digest
}

/** Values, root and event sequence, recomputed from the batch. */
function fold(
  { args, bench, block }: Reconciled<'Checkpointed'>,
  batch: readonly BatchHeight[],
  tip: Tip,
  events: readonly PostedEvent[],
): Folded {
  let { root, eventSeq, value } = tip
  let rootBeforeLast = root
  const heights = batch.map(({ hint, stateHash, inputsRoot, inputs, eventSeqDelta }, i): AnchoredHeight => {
    eventSeq += eventSeqDelta
    const eventsHash = eventSeq === 0 ? NIL : (events[eventSeq - 1]?.eventsHash ?? NIL)
    value = valueHash({ stateHash, inputsRoot, inputs, eventSeq, eventsHash })
    rootBeforeLast = root
    root = appendRoot(root, value)
    const parent = rootBeforeLast
    return { height: tip.height + 1 + i, parent, hint, stateHash, inputsRoot, inputs, eventSeq, value }
  })
  bench.equal('Checkpointed.root', root, args.root, 'the values of the batch folded onto the root before')
  bench.equal('Checkpointed.eventSeq', BigInt(eventSeq), args.eventSeq, 'deltas of the batch added up')
  const posted = events.filter((event) => event.block <= block).length
  if (eventSeq > posted) {
    bench.mismatch(
      'Checkpointed.eventSeq',
      `at most ${posted}`,
      args.eventSeq,
      'ledger events posted by then',
    )
  }
  return { heights, rootBeforeLast, tip: { height: tip.height + batch.length, root, eventSeq, value, block } }
}

/** What the contract keeps: a checkpoint that the log left out would show here. */
function checkHead(judge: Judge, { views }: TaskHistory, tip: Tip): void {
  const bench = judge.at('state')
  const { head } = views
  const why = 'what the checkpoints that were found fold to'
  bench.equal('head().last', BigInt(tip.height), head.last, why)
  bench.equal('head().root', tip.root, head.root, why)
  bench.equal('head().eventSeq', BigInt(tip.eventSeq), head.eventSeq, why)
}
