import type { TaskHistory } from '../ports/chain-history.ts'
import { formFee } from '../types/form-fee.ts'
import type { Address } from '../types/ids.ts'
import type { Accounts } from './accounts.ts'
import type { FormedCluster } from './cluster.ts'
import type { Judge } from './judge.ts'
import type { Reconciled, Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import type { PublishedTask } from './task.ts'

const NOBODY: Address = `0x${'00'.repeat(20)}`

/** What drawing the cluster earned. */
export interface EarnedFormFee {
  /** Account of the caller's operator, or the caller where it has none. */
  readonly former: Address
  /** Token wei. */
  readonly amount: bigint
}

export interface FormFeeFacts {
  readonly task: PublishedTask
  readonly cluster: FormedCluster | null
  readonly registrations: ReadonlyMap<Address, Registration>
  /** The sign-ups that stood at the drawing. */
  readonly keys: readonly Address[]
  readonly accounts: Accounts
}

/** The fee for the drawing, computed again from the sign-ups and the seats; null if none was earned. */
export function checkFormFee(
  judge: Judge,
  { taskId, views }: TaskHistory,
  reconciler: Reconciler,
  facts: FormFeeFacts,
): EarnedFormFee | null {
  const { task, cluster, keys } = facts
  const amount = cluster === null ? 0n : formFee(task.params, keys.length, cluster.members.length)
  const [earned, second] = reconciler.all('FormFeeEarned')
  const bench = earned?.bench ?? judge.at('money')
  bench.equal('task().formFee', amount, views.task.formFee, 'price · gas of the sign-ups and the seats')
  if (second !== undefined)
    second.bench.mismatch('FormFeeEarned', 'one event', 'two', 'a cluster is drawn once')
  if (earned === undefined) {
    if (amount > 0n) bench.mismatch('FormFeeEarned', `${amount} wei`, 'no event', 'the drawing earns a fee')
    bench.equal('task().former', NOBODY, views.task.former, 'nobody earned a fee')
    return null
  }
  const former = formerOf(earned, facts)
  bench.equal('FormFeeEarned.taskId', taskId, earned.args.taskId, 'the task that was asked for')
  bench.equal('FormFeeEarned.former', former, earned.args.former, 'account of who has drawn the cluster')
  bench.equal('FormFeeEarned.amount', amount, earned.args.amount, 'price · gas of the sign-ups and the seats')
  bench.equal('task().former', former, views.task.former, 'account of who has drawn the cluster')
  return { former, amount }
}

/** Whose account has earned it; what the event says where the sender is not known. */
function formerOf(earned: Reconciled<'FormFeeEarned'>, { registrations, accounts }: FormFeeFacts): Address {
  const { sender, block, args } = earned
  if (sender === null) return args.former
  const registration = registrations.get(sender)
  if (registration !== undefined && registration.block <= block) return registration.operator
  return accounts.accountAt(sender, earned) ?? sender
}
