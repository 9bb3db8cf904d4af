import type { TaskHistory } from '../ports/chain-history.ts'
import { termsHash } from '../codec/roots.ts'
import type { Address } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Accounts } from './accounts.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import type { PublishedTask } from './task.ts'

/** Every sign-up is of a registered key, by the key or its operator's wallet, and locks the stake that the task asks for. */
export function checkSignups(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  task: PublishedTask,
  registrations: ReadonlyMap<Address, Registration>,
  accounts: Accounts,
): readonly Address[] {
  const joined = reconciler.all('Joined')
  const locked = reconciler.all('StakeLocked')
  for (const seat of joined) {
    checkSeat(seat, 'Joined', task, registrations, accounts)
    checkLock(seat, locked, task, registrations)
    checkTerms(seat, history, task)
    judge.counts.signups += 1
  }
  for (const lock of locked) {
    if (!joined.some((seat) => seat.transactionHash === lock.transactionHash))
      lock.bench.mismatch('Joined', 'a sign-up for every lock', 'none', 'only join() locks stake')
  }
  const left = reconciler.all('Left')
  for (const seat of left) checkSeat(seat, 'Left', task, registrations, accounts)
  const signups = replay(joined, left)
  judge
    .at('cluster')
    .equal('task().signups', BigInt(signups.length), history.views.task.signups, 'sign-ups less withdrawals')
  return signups
}

function checkSeat(
  seat: Reconciled<'Joined'> | Reconciled<'Left'>,
  event: 'Joined' | 'Left',
  task: PublishedTask,
  registrations: ReadonlyMap<Address, Registration>,
  accounts: Accounts,
): void {
  const { args, bench, sender } = seat
  bench.equal(`${event}.taskId`, task.taskId, args.taskId, 'the task that was asked for')
  const registration = registrations.get(args.key)
  if (registration === undefined) {
    bench.mismatch(`${event}.key`, 'a registered key', args.key, 'no KeyRegistered event names it')
    return
  }
  bench.equal(`${event}.operator`, registration.operator, args.operator, 'who registered the key')
  const wallet = accounts.walletAt(registration.operator, seat)
  if (sender !== null && sender !== args.key && sender !== wallet) {
    const allowed = `${args.key} or ${wallet ?? 'nobody'}`
    bench.mismatch(
      `${event}.key`,
      `a key of the sender ${sender}`,
      allowed,
      "only the key or its operator's wallet may",
    )
  }
}

function checkLock(
  seat: Reconciled<'Joined'>,
  locked: readonly Reconciled<'StakeLocked'>[],
  task: PublishedTask,
  registrations: ReadonlyMap<Address, Registration>,
): void {
  const lock = locked.find(
    ({ transactionHash, args }) => transactionHash === seat.transactionHash && args.key === seat.args.key,
  )
  if (lock === undefined) {
    seat.bench.mismatch('StakeLocked', `a lock of ${task.params.stakePerNode}`, 'none', 'join() locks stake')
    return
  }
  const { args, bench } = lock
  bench.equal('StakeLocked.taskId', task.taskId, args.taskId, 'the task that was joined')
  bench.equal('StakeLocked.amount', task.params.stakePerNode, args.amount, 'the stake that the task asks for')
  const operator = registrations.get(args.key)?.operator ?? seat.args.operator
  bench.equal('StakeLocked.operator', operator, args.operator, 'who registered the key')
}

/** Who signed up agreed to this task, of this client, with these parameters and this twin. */
function checkTerms(
  { bench, call, transactionHash }: Reconciled<'Joined'>,
  { expected, views }: TaskHistory,
  { taskId, client, paramsHash, params }: PublishedTask,
): void {
  if (call === null || !('termsHash' in call)) return
  const twinCodeHash = BigInt(params.twin) === 0n ? NIL : views.twinCodeHash
  const { address } = expected.contracts.TaskBoard
  const agreed = termsHash(expected.chainId, address, taskId, { client, paramsHash, twinCodeHash })
  if (agreed === call.termsHash) return
  bench.calldata(transactionHash, 'join().termsHash', agreed, call.termsHash, 'the terms of this task')
}

/** The board's list: a withdrawal puts the last sign-up in the place of the one that leaves. */
function replay(joined: readonly Reconciled<'Joined'>[], left: readonly Reconciled<'Left'>[]): Address[] {
  const signups: Address[] = []
  const moves = [
    ...joined.map((seat) => ({ seat, leaves: false })),
    ...left.map((seat) => ({ seat, leaves: true })),
  ].sort((a, b) => Number(a.seat.block - b.seat.block) || Number(a.seat.logIndex - b.seat.logIndex))
  for (const { seat, leaves } of moves) {
    if (!leaves) {
      signups.push(seat.args.key)
      continue
    }
    const at = signups.indexOf(seat.args.key)
    const last = signups.pop()
    if (at >= 0 && last !== undefined && at < signups.length) signups[at] = last
  }
  return signups
}
