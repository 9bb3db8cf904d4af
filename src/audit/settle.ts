import type { TaskHistory } from '../ports/chain-history.ts'
import type { Address } from '../types/ids.ts'
import type { Accounts } from './accounts.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { FormedCluster } from './cluster.ts'
import { checkEarnings } from './earnings.ts'
import { checkFormFee } from './form-fee.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import { checkLocks } from './locks.ts'
import type { Balance, Movement } from './money.ts'
import { checkEscrow, penaltyMovements } from './money.ts'
import type { Reconciler } from './reconcile.ts'
import type { Registration } from './registrations.ts'
import type { Penalty } from './report.ts'
import type { PublishedTask } from './task.ts'

/** Every wei that a task moved, and where each one is. */
export interface Money {
  /** By block. */
  readonly movements: readonly Movement[]
  /** What its owners have not taken. */
  readonly left: readonly Balance[]
  /** escrow = paid to members and client + burnt rewards + in escrow. */
  readonly escrow: bigint
  readonly paid: bigint
  readonly burntPay: bigint
  readonly inEscrow: bigint
  /** locked = free again + credited to reporters + burnt stake + in locks. */
  readonly locked: bigint
  readonly freed: bigint
  readonly credited: bigint
  readonly burntStake: bigint
  readonly inLocks: bigint
}

export interface SettleFacts {
  readonly task: PublishedTask
  readonly end: Ended
  readonly cluster: FormedCluster | null
  readonly batches: readonly AnchoredBatch[]
  readonly penalties: readonly Penalty[]
  readonly registrations: ReadonlyMap<Address, Registration>
  readonly keys: readonly Address[]
  readonly accounts: Accounts
}

/** Escrow, earnings, penalties and locks of a task, each computed again. */
export function settle(
  judge: Judge,
  history: TaskHistory,
  reconciler: Reconciler,
  facts: SettleFacts,
): Money {
  const { task, end, cluster, batches, penalties, registrations, keys, accounts } = facts
  const earnings =
    cluster === null ? null : checkEarnings(judge, history, task, cluster, batches, end, penalties)
  const formFee = checkFormFee(judge, history, reconciler, { task, cluster, registrations, keys, accounts })
  const escrow = checkEscrow(judge, history, reconciler, {
    ...{ task, life: end, cluster, earnings, formFee, accounts },
  })
  const locks = checkLocks(judge, history, reconciler, {
    ...{ task, cluster, penalties, registrations, keys, life: end },
  })
  const seats = cluster?.members.map(({ key }) => key) ?? []
  const movements = [...escrow.movements, ...locks.movements, ...penaltyMovements(penalties, seats)]
  const sum = (of: readonly { readonly amount: bigint }[]): bigint =>
    of.reduce((total, { amount }) => total + amount, 0n)
  const to = (account: string): bigint => sum(movements.filter((move) => move.to.startsWith(account)))
  return {
    movements: movements.toSorted((a, b) => a.block - b.block),
    left: [...escrow.left, ...locks.left],
    escrow: escrow.paid,
    paid: sum(escrow.movements.filter(({ from, to: account }) => from === 'escrow' && account !== 'burnt')),
    burntPay: sum(escrow.movements.filter(({ to: account }) => account === 'burnt')),
    inEscrow: sum(escrow.left),
    locked: to('lock of'),
    freed: to('stake of'),
    credited: to('credit of'),
    burntStake: sum(movements.filter(({ from, to: account }) => from !== 'escrow' && account === 'burnt')),
    inLocks: sum(locks.left),
  }
}
