import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address } from '../types/ids.ts'
import { isReached } from '../types/moment.ts'
import { momentOf, shown } from './clock.ts'
import type { FormedCluster } from './cluster.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import type { Balance, Movement } from './money.ts'
import { checkQuits } from './quits.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import type { Penalty } from './report.ts'
import type { PublishedTask } from './task.ts'

/** What came of the stake that sign-ups locked. */
export interface LockBook {
  readonly movements: readonly Movement[]
  readonly left: readonly Balance[]
}

/** What locks are held against. */
export interface LockFacts {
  readonly task: PublishedTask
  readonly life: Ended
  readonly cluster: FormedCluster | null
  readonly penalties: readonly Penalty[]
  readonly registrations: ReadonlyMap<Address, Registration>
  /** Keys still signed up. */
  readonly keys: readonly Address[]
}

/** Every lock from sign-up to release: nothing but penalties was taken from it, and it came back when it could. */
export function checkLocks(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  facts: LockFacts,
): LockBook {
  const { views, taskId } = history
  const { task, registrations, keys } = facts
  const { stakePerNode } = task.params
  const bench = judge.at('money')
  bench.equal('task().stakePerNode', stakePerNode, views.task.stakePerNode, 'the parameter')
  const movements: Movement[] = reconciler.all('Joined').map(({ args, block, transactionHash }) => ({
    ...{ block: Number(block), transaction: transactionHash, amount: stakePerNode, why: 'sign-up' },
    ...{ from: `stake of ${args.operator}`, to: `lock of ${args.key}` },
  }))
  const quits = checkQuits(history, reconciler, task, registrations)
  movements.push(...quits.flatMap((one) => one.movements))
  const releases = reconciler.all('Released')
  const unlocks = reconciler.all('StakeUnlocked')
  for (const release of releases) checkRelease(release, history, facts, unlocks)
  for (const { bench: place, args, block, transactionHash } of unlocks) {
    const isHere = (one: Reconciled<'Left'> | Reconciled<'Released'>): boolean =>
      one.transactionHash === transactionHash && one.args.key === args.key
    const quit = quits.find((one) => isHere(one.quit))
    const amount = quit === undefined ? heldBy(facts, args.key) : stakePerNode - quit.burnt
    place.equal('StakeUnlocked.taskId', taskId, args.taskId, 'the task that was asked for')
    place.equal('StakeUnlocked.amount', amount, args.amount, 'the lock, less what was taken from it')
    const operator = registrations.get(args.key)?.operator ?? 'nobody'
    place.equal('StakeUnlocked.operator', operator, args.operator, 'who registered the key')
    if (quit === undefined && !releases.some(isHere))
      place.mismatch('StakeUnlocked', 'quit() or release()', 'neither', 'why')
    movements.push({
      ...{
        block: Number(block),
        transaction: transactionHash,
        amount,
        why: quit === undefined ? 'release' : 'quit',
      },
      ...{ from: `lock of ${args.key}`, to: `stake of ${operator}` },
    })
  }
  const released = new Set(releases.map(({ args }) => args.key))
  const left = [...views.locks].map(([key, seen]): Balance => {
    const amount = keys.includes(key) && !released.has(key) ? heldBy(facts, key) : 0n
    bench.equal('lockOf()', amount, seen, `what is left of the lock of ${key}`)
    const owner = registrations.get(key)?.operator ?? 'nobody'
    return { account: `lock of ${key}`, owner, amount, why: 'not released' }
  })
  return { movements, left: left.filter(({ amount }) => amount > 0n) }
}

/** Seats after the evidence window, others once the cluster stands, all if none was drawn; and what was left. */
function checkRelease(
  { bench, args, block, transactionHash }: Reconciled<'Released'>,
  history: TaskHistory,
  facts: LockFacts,
  unlocks: readonly Reconciled<'StakeUnlocked'>[],
): void {
  const { task, life, cluster, registrations } = facts
  bench.equal('Released.taskId', task.taskId, args.taskId, 'the task that was asked for')
  const held = heldBy(facts, args.key)
  bench.equal('Released.amount', held, args.amount, 'the lock, less penalties')
  const isUnlocked = unlocks.some((one) => one.transactionHash === transactionHash)
  if (held > 0n && !isUnlocked) bench.mismatch('StakeUnlocked', `${held} free again`, 'nothing', 'release()')
  const operator = registrations.get(args.key)?.operator ?? 'nobody'
  bench.equal('Released.operator', operator, args.operator, 'who registered the key')
  const isSeat = cluster?.members.some(({ key }) => key === args.key) ?? true
  const drawn = cluster === null ? null : { number: cluster.block, time: 0n }
  const from = isSeat ? life.claimsOpenAt : drawn
  if (from !== null && isReached(from, momentOf(history, block))) return
  const earliest = from === null ? 'block after its end' : shown(from)
  bench.mismatch('Released.blockNumber', earliest, block, 'at the earliest')
}

/** The lock less all that was taken from it: no proof is accepted any more when it can be released. */
function heldBy({ task, cluster, penalties }: LockFacts, key: Address): bigint {
  const seat = cluster?.members.findIndex((member) => member.key === key) ?? -1
  const taken = penalties.filter(({ member }) => seat >= 0 && member === seat)
  return taken.reduce((sum, { amount }) => sum - amount, task.params.stakePerNode)
}
