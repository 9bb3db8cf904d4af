import type { Terms } from '../../codec/roots.ts'
import type { KeyAllowance } from '../../ports/chain.ts'
import type { Address, Digest } from '../../types/ids.ts'
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

export function tokenBalance(connection: Connection, owner: Address): Promise<bigint> {
  return connection.read(connection.contracts.token.balanceOf(owner))
}

/** Number of tasks published; they are numbered from 1. */
export function taskCount(connection: Connection): Promise<bigint> {
  return connection.read(connection.contracts.board.tasks())
}

/** First block in which rewards and locks of a task can be taken; null while it is running. */
export async function claimsOpenAt(connection: Connection, taskId: bigint): Promise<number | null> {
  const block = await connection.read(connection.contracts.board.claimsOpenAt(taskId))
  return block === 0n ? null : Number(block)
}

/** What the board says that a sign-up for a task agrees to; null if there is no such task. */
export async function readTerms(connection: Connection, taskId: bigint): Promise<Terms | null> {
  const { board } = connection.contracts
  const [{ client, paramsHash }, { twinCodeHash }] = await connection.read(
    Promise.all([board.task(taskId), board.reductionOf(taskId)]),
  )
  if (BigInt(client) === 0n) return null
  return {
    client: client.toLowerCase() as Address,
    paramsHash: paramsHash as Digest,
    twinCodeHash: twinCodeHash as Digest,
  }
}

/** How much stake a key may lock by itself. */
export async function readAllowance(connection: Connection, key: Address): Promise<KeyAllowance> {
  const { perTask, total, running } = await connection.read(connection.contracts.registry.allowanceOf(key))
  return { perTaskWei: perTask, totalWei: total, runningWei: running }
}
