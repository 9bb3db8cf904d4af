import type { TaskHistory } from '../ports/chain-history.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Address, Digest } from '../types/ids.ts'
import { seedAt, signedUpAt } from '../types/life.ts'
import type { Moment } from '../types/moment.ts'
import { isReached, later } from '../types/moment.ts'
import { isTimed, momentOf, shown } from './clock.ts'
import { candidatesAt, drawSeats, operatorCap } from './draw.ts'
import type { Jailed } from './jail.ts'
import type { Bench } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import { checkSeed } from './seed.ts'
import type { Seat } from './snapshot.ts'
import { checkMembers } from './snapshot.ts'
import type { PublishedTask } from './task.ts'

/** Who could be drawn. */
export interface SignedUp {
  readonly registrations: ReadonlyMap<Address, Registration>
  /** In the board's order. */
  readonly keys: readonly Address[]
  readonly jailed: readonly Jailed[]
}

/** A cluster as drawn, with the place of the drawing. */
export interface FormedCluster extends Cluster {
  readonly block: bigint
  readonly logIndex: bigint
}

/** Members, seed and name of the cluster, each from two sources or more; null while none was formed. */
export function checkCluster(
  history: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
  signedUp: SignedUp,
): FormedCluster | null {
  const [formed, second] = reconciler.all('ClusterFormed')
  if (formed === undefined) return null
  const { args, bench, block, logIndex } = formed
  if (second !== undefined) bench.mismatch('ClusterFormed', 'one event', 'two', 'a cluster is drawn once')
  bench.equal('ClusterFormed.taskId', task.taskId, args.taskId, 'the task that was asked for')
  const { seats, hash } = checkMembers(bench, history, args)
  const { id, seed } = checkSeed(formed, history, task, hash)
  checkSeats(bench, task, seats, signedUp.registrations)
  checkDraw(formed, history, task, seats, seed, signedUp)
  checkViews(bench, history, block, id, seats.length)
  checkMoment(bench, history, task, block)
  const members = seats.map((seat, index) => ({ index, ...seat }))
  const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0)
  return { id, seed, members, totalWeight, block, logIndex }
}

/** After the first block that can be the seed, and while it can be proved. */
function checkMoment(bench: Bench, history: TaskHistory, task: PublishedTask, block: bigint): void {
  const { views, expected } = history
  const from = later(seedAt(task.params, expected.windows), 1n, 0n)
  const until = later(from, views.formWindow, expected.windows.graceSeconds)
  const at = momentOf(history, block)
  if (isReached(from, at) && !isReached(until, at)) return
  const window = isTimed(history)
    ? `from ${shown(from)} until ${shown(until)}`
    : `block ${from.number} to ${until.number - 1n}`
  const why = `after the seed block, within ${views.formWindow} blocks`
  bench.mismatch('ClusterFormed.blockNumber', window, block, why)
}

/** Seats are of registered keys, and nobody has a third. */
function checkSeats(
  bench: Bench,
  task: PublishedTask,
  seats: readonly Seat[],
  registrations: ReadonlyMap<Address, Registration>,
): void {
  const { minNodes, maxNodes } = task.params
  if (seats.length < minNodes || seats.length > maxNodes) {
    const bounds = `${minNodes} to ${maxNodes}`
    bench.mismatch('ClusterFormed.signingKeys.length', bounds, BigInt(seats.length), 'the task says so')
  }
  const held = new Map<Address, number>()
  seats.forEach(({ key, operator, weight }, member) => {
    held.set(operator, (held.get(operator) ?? 0) + 1)
    bench.equal(`ClusterFormed.weights[${member}]`, '1', String(weight), 'one per seat', { member })
    const owner = registrations.get(key)?.operator ?? 'nobody: not registered'
    bench.equal(`ClusterFormed.operators[${member}]`, owner, operator, 'who registered the key', { member })
  })
  const cap = operatorCap(seats.length)
  for (const [operator, count] of held) {
    if (count > cap)
      bench.mismatch(
        'ClusterFormed.operators',
        `at most ${cap} seats of ${operator}`,
        BigInt(count),
        'below 1/3',
      )
  }
}

/** The draw again, from the sign-ups whose keys were active when sign-up ended, whatever happened to them since. */
function checkDraw(
  { bench }: Reconciled<'ClusterFormed'>,
  history: TaskHistory,
  task: PublishedTask,
  seats: readonly Seat[],
  seed: Digest,
  { registrations, keys, jailed }: SignedUp,
): void {
  const candidates = candidatesAt(signedUpAt(task.params), keys, (key) => {
    const registration = registrations.get(key)
    if (registration === undefined) return null
    const { retiredAt } = registration
    const ends = jailed.filter((one) => one.key === key).map(({ at }) => at)
    if (retiredAt !== null) ends.push(momentOf(history, retiredAt))
    const inactiveSince = ends.reduce<Moment | null>(
      (first, end) => (first === null || end.number < first.number ? end : first),
      null,
    )
    return { operator: registration.operator, inactiveSince }
  })
  const drawn = drawSeats(seed, candidates, task.params.minNodes, task.params.maxNodes)
  const why = 'drawn again from the sign-ups by the seed'
  bench.equal(
    'ClusterFormed.signingKeys',
    drawn.map(({ key }) => key),
    seats.map(({ key }) => key),
    why,
  )
}

function checkViews(bench: Bench, { views }: TaskHistory, block: bigint, id: Digest, members: number): void {
  bench.equal('task().cluster', id, views.task.cluster, 'the cluster recomputed')
  bench.equal('task().members', BigInt(members), views.task.members, 'members of the snapshot')
  bench.equal('head().members', BigInt(members), views.head.members, 'members of the snapshot')
  bench.equal('task().formBlock', block, views.task.formBlock, 'block of ClusterFormed')
}
