import { Wallet } from 'ethers'
import { auditTask } from '../../src/audit/audit-task.ts'
import type { TaskHistory } from '../../src/ports/chain-history.ts'
import type { Address } from '../../src/types/ids.ts'
import { Chronicle, NAMES, TASK_ID, makeHistory, privateKey } from './audit-history.ts'

const wallet = (name: string): Wallet => new Wallet(privateKey(name))
export const addressOf = ({ address }: Wallet): Address => address.toLowerCase() as Address

/** Who hands over, to whom, and where the account is paid from then on. */
export interface HandedOver {
  readonly history: TaskHistory
  readonly operator: Address
  readonly old: Wallet
  readonly next: Wallet
  readonly payout: Address
  readonly earned: bigint
}

/**
 * A task whose first seat's operator hands its account over in mid-task; the new wallet sets a payout address and claims.
 *
 * @param claimer who claims; default: the new wallet
 * @param setter who sets the payout address; default: the new wallet
 */
export function handedOver(claimer?: 'old', setter?: 'old'): HandedOver {
  const { history, cluster } = makeHistory()
  const { operator } = cluster.members[0]!
  const old = NAMES.map((name) => wallet(`operator ${name}`)).find((one) => addressOf(one) === operator)!
  const [next, payout] = [wallet('next wallet'), addressOf(wallet('payout'))]
  const left = auditTask(history).money!.left
  const earned = left.find(({ owner }) => owner === operator)!.amount
  const lost = left.find(({ why }) => why.startsWith('to be burnt'))!.amount
  const chronicle = new Chronicle()
  const newWallet = addressOf(next)
  const offer = chronicle.transaction('NodeRegistry', old, 50n, 'offerAccount', { newWallet })
  chronicle.emit('NodeRegistry', offer, 'AccountOffered', { operator, wallet: newWallet })
  const accept = chronicle.transaction('NodeRegistry', next, 51n, 'acceptAccount', { operator })
  chronicle.emit('NodeRegistry', accept, 'WalletSet', { operator, wallet: newWallet })
  const set = chronicle.transaction('NodeRegistry', setter === 'old' ? old : next, 52n, 'setPayout', {
    payout,
  })
  chronicle.emit('NodeRegistry', set, 'PayoutSet', { operator, payout })
  const at = history.views.claimsOpenAt.number
  const sent = chronicle.transaction('TaskBoard', claimer === 'old' ? old : next, at, 'claim', {
    taskId: TASK_ID,
  })
  if (lost > 0n) chronicle.emit('TaskBoard', sent, 'Burnt', { taskId: TASK_ID, amount: lost })
  chronicle.emit('TaskBoard', sent, 'Claimed', { taskId: TASK_ID, operator, to: payout, amount: earned })
  return {
    ...{ operator, old, next, payout, earned },
    history: { ...history, events: [...history.events, ...chronicle.events] },
  }
}
