import type { TaskHistory } from '../ports/chain-history.ts'
import type { TaskStatus } from '../types/task.ts'
import type { Life, LifeFacts } from '../types/life.ts'
import { lifeAt } from '../types/life.ts'
import type { Moment } from '../types/moment.ts'
import { TASK_STATUSES } from '../types/task.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import { isTimed, momentOf } from './clock.ts'
import type { FormedCluster } from './cluster.ts'
import { turnOf } from './earnings.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** How a task ended or stands, and what follows from that for the money. */
export interface Ended extends Life {
  /** The cluster was drawn after the client had revoked: its members are paid one height. */
  readonly idle: boolean
  readonly revoked: bigint | null
  /** Batches accepted before the task was Finalizing; the others came late. */
  readonly inTime: number
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
  const at = (block: bigint): Moment => momentOf(history, block)
  const facts: LifeFacts = {
    ...{ params: task.params, signups, idle, formed: cluster === null ? null : at(cluster.block) },
    formWindow: views.formWindow,
    ...expected.windows,
    revoked: revoked === null ? null : at(revoked.block),
    ...{ anchored: null, complete: false },
  }
  const inTime = inTimeOf(facts, history, task, revoked, batches)
  const late = checkInTime(facts, history, task, cluster, revoked, batches)
  if (revoked !== null) checkRevocable(facts, history, task, cluster, revoked, batches.slice(0, inTime))
  const life = lifeAt({ ...facts, ...reached(history, task, batches.slice(0, inTime)) }, at(head))
  const bench = judge.at('state')
  const why = `derived at block ${head}: ${life.because}`
  bench.equal('head().graceHeights', BigInt(late), views.head.graceHeights, 'heights accepted after the end')
  const status = BigInt(TASK_STATUSES.indexOf(life.status))
  bench.equal('statusOf().status', status, views.status.status, why)
  const last = inTime === 0 ? cluster?.block : batches[inTime - 1]?.block
  for (const [name, derived, seen] of [
    ['head().lastAt', last === undefined ? null : at(last), views.head.lastAt],
    ['statusOf().closedAt', life.closedAt, views.status.closedAt],
    ['claimsOpenAt().opensAt', life.claimsOpenAt, views.claimsOpenAt],
  ] as const) {
    bench.equal(`${name}.number`, derived?.number ?? 0n, seen.number, why)
    if (isTimed(history)) bench.equal(`${name}.time`, derived?.time ?? 0n, seen.time, why)
  }
  return { ...life, idle, revoked: revoked?.block ?? null, inTime }
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

/** Status in which a checkpoint came, after `earlier` ones that were in time. */
function statusAt(
  facts: LifeFacts,
  history: TaskHistory,
  task: PublishedTask,
  revoked: Place | null,
  place: Place,
  earlier: readonly AnchoredBatch[],
): TaskStatus {
  const known = revoked !== null && isBefore(revoked, place) ? momentOf(history, revoked.block) : null
  const then = { ...facts, revoked: known, ...reached(history, task, earlier) }
  return lifeAt(then, momentOf(history, place.block)).status
}

/** Batches that came before the task was Finalizing. */
function inTimeOf(
  facts: LifeFacts,
  history: TaskHistory,
  task: PublishedTask,
  revoked: Place | null,
  batches: readonly AnchoredBatch[],
): number {
  const first = batches.findIndex(
    ({ source }, i) => statusAt(facts, history, task, revoked, source, batches.slice(0, i)) !== 'Active',
  )
  return first === -1 ? batches.length : first
}

/** How many heights were accepted after the end: each checkpoint came while the task ran, at most R heights late. */
function checkInTime(
  facts: LifeFacts,
  history: TaskHistory,
  task: PublishedTask,
  cluster: FormedCluster | null,
  revoked: Place | null,
  batches: readonly AnchoredBatch[],
): number {
  let late = 0
  const inTime = inTimeOf(facts, history, task, revoked, batches)
  for (const [i, { source, heights, bench, block }] of batches.entries()) {
    const status = statusAt(facts, history, task, revoked, source, batches.slice(0, Math.min(i, inTime)))
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
  history: TaskHistory,
  task: PublishedTask,
  cluster: Place | null,
  revoked: Reconciled<'TaskRevoked'>,
  batches: readonly AnchoredBatch[],
): void {
  const formed = cluster !== null && isBefore(cluster, revoked) ? momentOf(history, cluster.block) : null
  const earlier = batches.filter(({ source }) => isBefore(source, revoked))
  const then = { ...facts, formed, idle: false, revoked: null, ...reached(history, task, earlier) }
  const { status } = lifeAt(then, momentOf(history, revoked.block))
  if (status !== 'Open' && status !== 'Active')
    revoked.bench.mismatch('TaskRevoked.blockNumber', 'while it was Open or Active', status, 'ITaskBoard')
}

/** How far these checkpoints brought it. */
function reached(
  history: TaskHistory,
  { params }: PublishedTask,
  batches: readonly AnchoredBatch[],
): Pick<LifeFacts, 'anchored' | 'complete'> {
  const last = batches.at(-1)
  const height = last === undefined ? 0 : last.first + last.heights.length - 1
  return {
    anchored: last === undefined ? null : momentOf(history, last.block),
    complete: height === params.heights,
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.block < b.block || (a.block === b.block && a.logIndex < b.logIndex)
}
