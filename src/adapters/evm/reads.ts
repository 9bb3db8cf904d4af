import type { Terms } from '../../codec/roots.ts'
import type { KeyAllowance } from '../../ports/chain.ts'
import type { Address, Digest } from '../../types/ids.ts'
import type { Moment } from '../../types/moment.ts'
import type { Outcome } from '../../types/task.ts'
import { OUTCOMES } from '../../types/task.ts'
import { abis } from './abi.ts'
import type { Connection } from './connection.ts'

/** What an operator owns, token wei. */
export interface StakeAccount {
  readonly freeWei: bigint
  readonly lockedWei: bigint
  readonly unbondingWei: bigint
  /** Tranches requested so far; they are numbered from 0. */
  readonly tranches: bigint
}

export async function stakeAccount(connection: Connection, operator: Address): Promise<StakeAccount> {
  const { registry } = connection.contracts
  const { free, locked, unbonding, tranches } = await connection.read(registry.account(operator))
  return { freeWei: free, lockedWei: locked, unbondingWei: unbonding, tranches }
}

/** Who acts for an operator, and where it is paid. */
export interface Holder {
  readonly wallet: Address
  readonly payout: Address
  /** To which wallet the account is offered; null: to none. */
  readonly offeredTo: Address | null
}

/** Null if there is no such account. */
export async function readHolder(connection: Connection, operator: Address): Promise<Holder | null> {
  const { registry } = connection.contracts
  const [wallet, payout, offer] = await connection.read(
    Promise.all([registry.walletOf(operator), registry.payoutOf(operator), registry.offerOf(operator)]),
  )
  if (BigInt(wallet) === 0n) return null
  return {
    wallet: lower(wallet),
    payout: lower(payout),
    offeredTo: BigInt(offer) === 0n ? null : lower(offer),
  }
}

/** The operator for which a wallet acts now; null if it acts for none. */
export async function accountOf(connection: Connection, wallet: Address): Promise<Address | null> {
  const operator = await connection.read(connection.contracts.registry.accountOf(wallet))
  return BigInt(operator) === 0n ? null : lower(operator)
}

export function tokenBalance(connection: Connection, owner: Address): Promise<bigint> {
  return connection.read(connection.contracts.token.balanceOf(owner))
}

/** Number of tasks published; they are numbered from 1. */
export function taskCount(connection: Connection): Promise<bigint> {
  return connection.read(connection.contracts.board.tasks())
}

/** When rewards and locks of a task can be taken; null while it is running. */
export async function claimsOpenAt(connection: Connection, taskId: bigint): Promise<Moment | null> {
  const { number, time } = await connection.read(connection.contracts.board.claimsOpenAt(taskId))
  return number === 0n ? null : { number, time }
}

/** What the board says that a sign-up for a task agrees to; null if there is no such task. */
export async function readTerms(connection: Connection, taskId: bigint): Promise<Terms | null> {
  const { board } = connection.contracts
  const [{ client, paramsHash }, { twinCodeHash }] = await connection.read(
    Promise.all([board.task(taskId), board.reductionOf(taskId)]),
  )
  if (BigInt(client) === 0n) return null
  return {
    client: lower(client),
    paramsHash: paramsHash as Digest,
    twinCodeHash: twinCodeHash as Digest,
  }
}

/** How much stake a key may lock by itself. */
export async function readAllowance(connection: Connection, key: Address): Promise<KeyAllowance> {
  const { perTask, total, running } = await connection.read(connection.contracts.registry.allowanceOf(key))
  return { perTaskWei: perTask, totalWei: total, runningWei: running }
}

const lower = (address: string): Address => address.toLowerCase() as Address

/** How far a task's result may be relied upon, as the contracts say. */
export async function readOutcome(connection: Connection, taskId: bigint): Promise<Outcome> {
  const { contracts, provider } = connection
  const address = await connection.read(contracts.slasher.results())
  const data = abis().Results.encodeFunctionData('result', [taskId])
  const answer = await connection.read(provider.call({ to: address, data }))
  const { outcome } = abis().Results.decodeFunctionResult('result', answer) as unknown as {
    readonly outcome: bigint
  }
  return OUTCOMES[Number(outcome)] ?? 'pending'
}
