import type { Interface } from 'ethers'
import type {
  ContractName,
  EventName,
  EventRecord,
  MalformedEvent,
  TransactionRecord,
} from '../../ports/history-events.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import { abis } from './abi.ts'
import { decodeEvent } from './history-abi.ts'
import type { RawLog } from './history-rpc.ts'

/** Which events an audit reads, how they are decoded, and whom they name. */

/** Events with the task as their first topic. */
export const BOARD_EVENTS = [
  'TaskPublished',
  'Joined',
  'Left',
  'ClusterFormed',
  'FormFeeEarned',
  'FormFeePaid',
  'LedgerEvent',
  'SystemEntry',
  'TaskFinalized',
  'Penalised',
  'TaskRevoked',
  'Claimed',
  'Refunded',
  'Burnt',
  'Released',
] as const
/** Events with the task as their first topic. */
export const LOG_EVENTS = ['Checkpointed', 'Republished'] as const
/** Events with a signing key as their second topic. */
export const KEY_EVENTS = ['KeyRegistered', 'KeyRotated', 'KeyFrozen'] as const
/** Events with an operator as their first topic. */
export const OPERATOR_EVENTS = ['WalletSet', 'AccountOffered', 'PayoutSet', 'Jailed'] as const
/** Events with the task as their first topic. */
export const SLASHER_EVENTS = ['Convicted', 'LogOpened', 'Refuted'] as const
/** Events with the task as their second topic. */
export const STAKE_EVENTS = ['StakeLocked', 'StakeUnlocked', 'StakeSlashed'] as const

/** A log, and the contract that it is of. */
export interface SourcedLog extends RawLog {
  readonly contract: ContractName
}

export function topicsOf(contract: ContractName, names: readonly EventName[]): Digest[] {
  const abi: Interface = abis()[contract]
  return names.map((name) => (abi.getEvent(name)?.topicHash ?? NIL) as Digest)
}

/** Logs as events; those that do not decode are named. */
export function decodeAll(
  logs: readonly SourcedLog[],
  transactions: ReadonlyMap<Digest, TransactionRecord | null>,
): { readonly events: readonly EventRecord[]; readonly malformed: readonly MalformedEvent[] } {
  const events: EventRecord[] = []
  const malformed: MalformedEvent[] = []
  for (const { contract, topics, data, block, logIndex, transactionHash } of logs) {
    const transaction = transactions.get(transactionHash) ?? null
    const place = { contract, block, logIndex, transactionHash, transaction }
    const decoded = decodeEvent(abis()[contract], topics, data)
    const isRead = decoded.name !== null && (READ as readonly string[]).includes(decoded.name)
    const name = isRead ? (decoded.name as EventName) : null
    // the names are those of the ABI: what else the arguments hold, the ABI says
    if (decoded.ok && name !== null)
      events.push({ ...place, name, args: decoded.args } as unknown as EventRecord)
    else malformed.push({ ...place, name, field: decoded.ok ? '' : decoded.field })
  }
  return { events, malformed }
}

const READ: readonly EventName[] = [
  ...BOARD_EVENTS,
  ...KEY_EVENTS,
  ...STAKE_EVENTS,
  ...LOG_EVENTS,
  ...SLASHER_EVENTS,
  ...OPERATOR_EVENTS,
]

/** Every key that signed up, as event or as calldata says, or that got a seat. */
export function keysOf(events: readonly EventRecord[]): Address[] {
  const keys = new Set<Address>()
  for (const { name, args, transaction } of events) {
    if (name === 'Joined' || name === 'Left' || name === 'StakeLocked') keys.add(args.key)
    if (name === 'ClusterFormed') for (const key of args.signingKeys) keys.add(key)
    const call = transaction?.call
    if (call !== undefined && 'args' in call && call.name === 'join') keys.add(call.args.key)
  }
  return [...keys]
}

/** Every operator of whom the task's events tell. */
export function operatorsOf(events: readonly EventRecord[]): Address[] {
  const operators = new Set<Address>()
  for (const { name, args } of events) {
    if (name === 'Joined' || name === 'StakeLocked' || name === 'Claimed') operators.add(args.operator)
    if (name === 'ClusterFormed') for (const operator of args.operators) operators.add(operator)
    if (name === 'FormFeeEarned') operators.add(args.former)
  }
  return [...operators]
}

/** Who sent the drawing that earned a fee: its operator earned it, if the sender is a signing key. */
export function callersOf(events: readonly EventRecord[]): Address[] {
  return events.flatMap(({ name, transaction }) =>
    name === 'FormFeeEarned' && transaction !== null ? [transaction.from] : [],
  )
}
