import { formatEther } from 'ethers'
import type { Connection } from '../../adapters/evm/connection.ts'
import { accountOf, readAllowance } from '../../adapters/evm/reads.ts'
import type { KeyAllowance } from '../../ports/chain.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { parseAddress } from '../account.ts'
import { openDeployment, openWallet } from '../local/wallets.ts'
import type { StakeStatusOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import type { StakeView } from '../stake-view.ts'
import { showWait } from '../moments.ts'
import { endOf, inTokens, now, readStake } from '../stake-view.ts'

/** Stake of an operator: by its wallet, its address, or one of its signing keys. */
export async function stakeStatus(
  options: StakeStatusOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const given = options.operator === undefined ? null : parseAddress(options.operator)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const account = given ?? (await openWallet(connection, options)).address
    const stake = await readStake(connection, await operatorOf(connection, account))
    const keys = await readKeys(connection, stake.operator)
    output.result({ ...stake, keys }, render(stake, keys), warnings(stake))
    return EXIT.ok
  } finally {
    connection.close()
  }
}

/** The operator of a wallet or signing key; any other address is taken for an operator itself. */
export async function operatorOf(connection: Connection, account: Address): Promise<Address> {
  const operator = await accountOf(connection, account)
  if (operator !== null) return operator
  const owner = (await connection.read(connection.contracts.registry.keyOwner(account))).toLowerCase()
  return BigInt(owner) === 0n ? account : (owner as Address)
}

interface KeyView extends KeyAllowance {
  readonly key: Address
}

/** The operator's signing keys, and what each may lock by itself. */
async function readKeys(connection: Connection, operator: Address): Promise<KeyView[]> {
  const { registry } = connection.contracts
  const filter = registry.filters.KeyRegistered(operator)
  const told = await connection.read(registry.queryFilter(filter, connection.deployment.fromBlock))
  const keys: KeyView[] = []
  for (const { args } of told) {
    const key = args.key.toLowerCase() as Address
    keys.push({ key, ...(await readAllowance(connection, key)) })
  }
  return keys
}

function render(stake: StakeView, keys: readonly KeyView[]): string {
  const { token, block } = stake
  const rows: (readonly [string, string])[] = [
    ['operator', stake.operator],
    ...(stake.wallet === stake.operator ? [] : [['its wallet', stake.wallet] as const]),
    ...(stake.payout === stake.wallet ? [] : [['is paid at', stake.payout] as const]),
    ['free', inTokens(stake.freeWei, token)],
    ['locked', `${inTokens(stake.lockedWei, token)} in tasks`],
    ['unbonding', inTokens(stake.unbondingWei, token)],
    ['in the wallet', inTokens(stake.walletWei, token)],
    ['for gas', `${formatEther(stake.gasWei)} ETH`],
  ]
  const lines = [table(['at block', String(block)], rows)]
  if (stake.tranches.length > 0) {
    const tranches = stake.tranches.map((one) => [
      one.tranche,
      inTokens(one.amountWei, token),
      one.unbondingEndsAt,
      one.isDue ? 'yes' : `in ${showWait(endOf(one), now(stake))}`,
    ])
    lines.push('', table(['tranche', 'amount', 'from block', 'withdrawable'], tranches))
  }
  if (keys.length > 0) {
    const rows = keys.map(({ key, perTaskWei, totalWei, runningWei }) => [
      key,
      inTokens(perTaskWei, token),
      inTokens(totalWei, token),
      inTokens(runningWei, token),
    ])
    lines.push('', table(['signing key', 'may lock a task', 'in all', 'has locked by itself'], rows))
  }
  return lines.join('\n')
}

function warnings({ freeWei, lockedWei, gasWei }: StakeView): string[] {
  return [
    ...(freeWei + lockedWei === 0n ? ['no stake: rsdp stake deposit 100'] : []),
    ...(gasWei === 0n ? ['the wallet has nothing to pay gas with'] : []),
  ]
}
