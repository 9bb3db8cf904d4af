import type { TaskHistory } from '../ports/chain-history.ts'
import type { TaskStatus } from '../types/task.ts'
import { TASK_STATUSES } from '../types/task.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { FormedCluster } from './cluster.ts'
import { turnOf } from './earnings.ts'
import type { Judge } from './judge.ts'
import type { Life, LifeFacts } from './life.ts'
import { lifeAt } from './life.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** How a task ended or stands, and what follows from that for the money. */
export interface Ended extends Life {
  /** The cluster was drawn after the client had revoked: its members are paid one height. */
  readonly idle: boolean
  readonly revoked: bigint | null
}

interface Place {
  readonly block: bigint
  readonly logIndex: bigint
}

/**
 * Where the task stands at the block that was read, derived from its events; every checkpoint and the revocation came
 * while they could, and the board says the same.
 */
export function checkEnd(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
  signups: number,
  cluster: FormedCluster | null,
  batches: readonly AnchoredBatch[],
): Ended {
  const { expected, views, head } = history
  const revoked = checkRevoked(judge, history, reconciler, task)
  const idle = revoked !== null && cluster !== null && isBefore(revoked, cluster)
  const facts: LifeFacts = {
    ...{ params: task.params, signups, idle, formed: cluster?.block ?? null },
    reorgDepth: expected.reorgDepth,
    formWindow: views.formWindow,
    closeGrace: expected.closeGrace,
    evidence: expected.evidence,
    revoked: revoked?.block ?? null,
    ...reached(task, batches),
  }
  const late = checkInTime(facts, task, cluster, revoked, batches)
  if (revoked !== null) checkRevocable(facts, task, cluster, revoked, batches)
  const life = lifeAt(facts, head)
  const bench = judge.at('state')
  const why = `derived at block ${head}: ${life.because}`
  bench.equal('head().graceHeights', BigInt(late), views.head.graceHeights, 'heights accepted after the end')
  const status = BigInt(TASK_STATUSES.indexOf(life.status))
  bench.equal('statusOf().status', status, views.status.status, why)
  bench.equal('statusOf().closedAt', life.closedAt ?? 0n, views.status.closedAt, why)
  bench.equal('claimsOpenAt()', life.claimsOpenAt ?? 0n, views.claimsOpenAt, why)
  return { ...life, idle, revoked: revoked?.block ?? null }
}

/** Once, by the client, while there was anything to end. */
function checkRevoked(
  judge: Judge,
  { views, taskId }: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
): Reconciled<'TaskRevoked'> | null {
  const [revoked, second] = reconciler.all('TaskRevoked')
  const board = judge.at('end')
  board.equal('task().revokedBlock', revoked?.block ?? 0n, views.task.revokedBlock, 'block of TaskRevoked')
  if (revoked === undefined) return null
  const { bench, args, sender } = revoked
  bench.equal('TaskRevoked.taskId', taskId, args.taskId, 'the task that was asked for')
  if (second !== undefined) bench.mismatch('TaskRevoked', 'one event', 'two', 'a task is revoked once')
  if (sender !== null) bench.equal('revoke().from', task.client, sender, 'only the client may')
  return revoked
}

/** How many heights were accepted after the end: each checkpoint came while the task ran, at most R heights late. */
function checkInTime(
  facts: LifeFacts,
  task: PublishedTask,
  cluster: FormedCluster | null,
  revoked: Place | null,
  batches: readonly AnchoredBatch[],
): number {
  let late = 0
  const statusAt = (place: Place, earlier: readonly AnchoredBatch[]): TaskStatus => {
    const known = revoked !== null && isBefore(revoked, place) ? revoked.block : null
    return lifeAt({ ...facts, revoked: known, ...reached(task, earlier) }, place.block).status
  }
  for (const [i, { source, heights, bench, block }] of batches.entries()) {
    const status = statusAt(source, batches.slice(0, i))
    if (status !== 'Active' && status !== 'Finalizing')
      bench.mismatch('Checkpointed.blockNumber', 'a block in which the task ran', block, `it was ${status}`)
    if (status === 'Finalizing') late += heights.length
    if (status === 'Active' && cluster !== null) checkTurn(task, cluster, batches, i)
    const most = BigInt(task.params.epochHeights)
    if (late > most) bench.mismatch('Checkpointed.last', `${most} late heights`, BigInt(late), 'at most R')
  }
  return late
}

/** While the task is Active, nobody submits but the member whose turn it is. */
function checkTurn(
  { params }: PublishedTask,
  cluster: FormedCluster,
  batches: readonly AnchoredBatch[],
  index: number,
): void {
  const batch = batches[index]
  if (batch === undefined) return
  const waited = Number(batch.block - (batches[index - 1]?.block ?? cluster.block))
  const owner = turnOf(params, cluster, batch.first, waited)
  const { submitter } = batch.source.args
  if (submitter !== owner?.key)
    batch.bench.mismatch('Checkpointed.submitter', owner?.key ?? 'a member', submitter, 'whose turn it was')
}

/** There was something to end. */
function checkRevocable(
  facts: LifeFacts,
  task: PublishedTask,
  cluster: Place | null,
  revoked: Reconciled<'TaskRevoked'>,
  batches: readonly AnchoredBatch[],
): void {
  const formed = cluster !== null && isBefore(cluster, revoked) ? cluster.block : null
  const earlier = batches.filter(({ source }) => isBefore(source, revoked))
  const then = { ...facts, formed, idle: false, revoked: null, ...reached(task, earlier) }
  const { status } = lifeAt(then, revoked.block)
  if (status !== 'Open' && status !== 'Active')
    revoked.bench.mismatch('TaskRevoked.blockNumber', 'while it was Open or Active', status, 'ITaskBoard')
}

function reached(
  { params }: PublishedTask,
  batches: readonly AnchoredBatch[],
): Pick<LifeFacts, 'anchored' | 'complete'> {
  const last = batches.at(-1)
  const height = last === undefined ? 0 : last.first + last.heights.length - 1
  return { anchored: last?.block ?? null, complete: height === params.heights }
}

function isBefore(a: Place, b: Place): boolean {
  return a.block < b.block || (a.block === b.block && a.logIndex < b.logIndex)
}
