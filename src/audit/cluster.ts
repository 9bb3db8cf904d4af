import type { TaskHistory } from '../ports/chain-history.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Address, Digest } from '../types/ids.ts'
import { drawSeats, operatorCap } from './draw.ts'
import type { Jailed } from './jail.ts'
import type { Bench } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import { checkSeed } from './seed.ts'
import type { Seat } from './snapshot.ts'
import { checkMembers } from './snapshot.ts'
import type { PublishedTask } from './task.ts'

/** Blocks after the seed block in which the drawing must happen. */
const FORM_WINDOW = 256n

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
  const { id, seed } = checkSeed(bench, history, task, args, hash)
  checkSeats(bench, task, seats, signedUp.registrations)
  checkDraw(formed, task, seats, seed, signedUp)
  checkViews(bench, history, block, id, seats.length)
  const seedBlock = BigInt(task.params.joinDeadline) + history.expected.reorgDepth
  if (block <= seedBlock || block > seedBlock + FORM_WINDOW) {
    const window = `block ${seedBlock + 1n} to ${seedBlock + FORM_WINDOW}`
    bench.mismatch('ClusterFormed.blockNumber', window, block, 'after the seed block, within 256 blocks')
  }
  const members = seats.map((seat, index) => ({ index, ...seat }))
  const totalWeight = members.reduce((sum, { weight }) => sum + weight, 0)
  return { id, seed, members, totalWeight, block, logIndex }
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

/** The draw again, from the sign-ups whose keys were active. */
function checkDraw(
  { bench, block, logIndex }: Reconciled<'ClusterFormed'>,
  task: PublishedTask,
  seats: readonly Seat[],
  seed: Digest,
  { registrations, keys, jailed }: SignedUp,
): void {
  const isBefore = (place: { block: bigint; logIndex: bigint }): boolean =>
    place.block < block || (place.block === block && place.logIndex < logIndex)
  const isRefused = (key: Address, operator: Address): boolean =>
    jailed.some(
      (one) => isBefore(one) && (one.key === key || (one.operator === operator && one.until >= block)),
    )
  const candidates = keys.flatMap((key) => {
    const registration = registrations.get(key)
    if (registration === undefined) return []
    const { operator, retired } = registration
    if (isRefused(key, operator)) return []
    return retired !== null && isBefore(retired) ? [] : [{ key, operator }]
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
