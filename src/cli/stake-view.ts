import type { Connection } from '../adapters/evm/connection.ts'
import { readHolder } from '../adapters/evm/reads.ts'
import type { Address } from '../types/ids.ts'
import type { Moment } from '../types/moment.ts'
import { isReached, later } from '../types/moment.ts'
import { showAmount } from './amount.ts'

export interface TokenFacts {
  readonly address: Address
  readonly symbol: string
  readonly decimals: number
}

export interface TrancheView {
  readonly tranche: bigint
  readonly amountWei: bigint
  /** First block in which it can be withdrawn. */
  readonly unbondingEndsAt: number
  /** First second in which it can be, unix. */
  readonly unbondingEndsTime: number
  readonly isDue: boolean
}

/** An operator's stake as the registry has it at one block. */
export interface StakeView {
  /** Id of the account: the wallet that opened it. */
  readonly operator: Address
  /** Acts for the operator; `operator` itself before its account is open. */
  readonly wallet: Address
  /** Where the operator is paid. */
  readonly payout: Address
  readonly token: TokenFacts
  readonly freeWei: bigint
  readonly lockedWei: bigint
  readonly unbondingWei: bigint
  /** Last block in which none of the operator's keys may join a task; 0: never jailed. */
  readonly jailedUntil: number
  /** None of its keys joins a task before this second either. */
  readonly jailedUntilTime: number
  /** Not withdrawn yet. */
  readonly tranches: readonly TrancheView[]
  /** Tokens in the operator's wallet, and how many of them the registry may pull. */
  readonly walletWei: bigint
  readonly allowanceWei: bigint
  /** Wei for gas. */
  readonly gasWei: bigint
  readonly unbondingBlocks: number
  readonly unbondingSeconds: number
  readonly block: number
  /** The block's, unix seconds. */
  readonly time: number
}

export async function readStake(connection: Connection, operator: Address): Promise<StakeView> {
  const { contracts, deployment, provider } = connection
  const { registry, token } = contracts
  const at = await connection.latest()
  const { wallet, payout } = (await readHolder(connection, operator)) ?? {
    wallet: operator,
    payout: operator,
  }
  const [account, walletWei, allowanceWei, gasWei, unbondingBlocks, unbondingSeconds] = await connection.read(
    Promise.all([
      registry.account(operator),
      token.balanceOf(wallet),
      token.allowance(wallet, deployment.contracts.NodeRegistry.address),
      provider.getBalance(wallet),
      registry.unbondingBlocks(),
      registry.unbondingSeconds(),
    ]),
  )
  return {
    operator,
    wallet,
    payout,
    token: await readToken(connection),
    freeWei: account.free,
    lockedWei: account.locked,
    unbondingWei: account.unbonding,
    jailedUntil: Number(account.jailedUntil),
    jailedUntilTime: Number(account.jailedUntilTime),
    tranches: await readTranches(connection, operator, account.tranches, at),
    walletWei,
    allowanceWei,
    gasWei,
    unbondingBlocks: Number(unbondingBlocks),
    unbondingSeconds: Number(unbondingSeconds),
    ...{ block: Number(at.number), time: Number(at.time) },
  }
}

export async function readToken(connection: Connection): Promise<TokenFacts> {
  const { token } = connection.contracts
  const [symbol, decimals] = await connection.read(Promise.all([token.symbol(), token.decimals()]))
  const { address } = connection.deployment.contracts.StakeToken
  return { address, symbol, decimals: Number(decimals) }
}

async function readTranches(
  connection: Connection,
  operator: Address,
  count: bigint,
  at: Moment,
): Promise<TrancheView[]> {
  const views: TrancheView[] = []
  for (let tranche = 0n; tranche < count; tranche += 1n) {
    const { amount, unbondingEndsAt, unbondingEndsTime } = await connection.read(
      connection.contracts.registry.trancheOf(operator, tranche),
    )
    if (amount === 0n) continue
    // a transaction sent now is mined in the next block at the earliest
    const isDue = isReached({ number: unbondingEndsAt, time: unbondingEndsTime }, later(at, 1n, 0n))
    const ends = { unbondingEndsAt: Number(unbondingEndsAt), unbondingEndsTime: Number(unbondingEndsTime) }
    views.push({ tranche, amountWei: amount, ...ends, isDue })
  }
  return views
}

/** When a tranche can be withdrawn. */
export function endOf({ unbondingEndsAt, unbondingEndsTime }: TrancheView): Moment {
  return { number: BigInt(unbondingEndsAt), time: BigInt(unbondingEndsTime) }
}

/** The block at which a view was taken. */
export function now({ block, time }: StakeView): Moment {
  return { number: BigInt(block), time: BigInt(time) }
}

/** An amount with the token's symbol. */
export function inTokens(wei: bigint, { decimals, symbol }: TokenFacts): string {
  return `${showAmount(wei, decimals)} ${symbol}`
}
