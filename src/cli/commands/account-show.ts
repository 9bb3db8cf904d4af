import type { Connection } from '../../adapters/evm/connection.ts'
import type { Holder } from '../../adapters/evm/reads.ts'
import { readHolder } from '../../adapters/evm/reads.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { isReached } from '../../types/moment.ts'
import { openDeployment, openWallet } from '../local/wallets.ts'
import { showMoment } from '../moments.ts'
import type { WalletOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import type { StakeView } from '../stake-view.ts'
import { inTokens, now, readStake } from '../stake-view.ts'
import { parseAddress } from '../account.ts'
import { operatorOf } from './stake-status.ts'

/** An operator's account, as the registry has it now. */
export interface AccountView extends Holder {
  readonly operator: Address
  readonly stake: StakeView
}

/** The account of an operator: by its id, its wallet, or one of its signing keys. */
export async function accountShow(
  text: string | undefined,
  options: WalletOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const given = text === undefined ? null : parseAddress(text)
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const address = given ?? (await openWallet(connection, options)).address
    const account = await requireAccount(connection, await operatorOf(connection, address))
    output.result(account, table(['account of', account.operator], rowsOf(account)))
    return EXIT.ok
  } finally {
    connection.close()
  }
}

/** @throws RsdpError E_NO_ACCOUNT */
export async function requireAccount(connection: Connection, operator: Address): Promise<AccountView> {
  const holder = await readHolder(connection, operator)
  if (holder === null) throw noAccount(operator)
  return { operator, ...holder, stake: await readStake(connection, operator) }
}

export function noAccount(address: Address): RsdpError {
  return new RsdpError({
    code: 'E_NO_ACCOUNT',
    message: `${address} is neither an operator nor the wallet of one`,
    hint: 'rsdp node register or rsdp stake deposit opens an account; give --key-file to use another wallet',
    exit: EXIT.precondition,
    details: { address },
  })
}

/** What a person looks at before taking an account over. */
export function rowsOf({ wallet, payout, offeredTo, stake }: AccountView): (readonly [string, string])[] {
  const { token } = stake
  return [
    ['wallet', wallet],
    ['paid at', payout === wallet ? `${payout}, its wallet` : payout],
    ['offered to', offeredTo ?? 'nobody'],
    ['jailed', showJail(stake)],
    ['free', inTokens(stake.freeWei, token)],
    ['locked', inTokens(stake.lockedWei, token)],
    ['unbonding', inTokens(stake.unbondingWei, token)],
  ]
}

function showJail(stake: StakeView): string {
  const ends = { number: BigInt(stake.jailedUntil) + 1n, time: BigInt(stake.jailedUntilTime) }
  if (stake.jailedUntil === 0 || isReached(ends, now(stake))) return 'no'
  return `until ${showMoment(ends, now(stake))}`
}
