import type { Connection } from '../adapters/evm/connection.ts'
import { accountOf, readHolder } from '../adapters/evm/reads.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Address } from '../types/ids.ts'
import type { StakeOptions } from './options.ts'
import type { CommandContext } from './run-command.ts'
import type { StakeView } from './stake-view.ts'
import { readStake } from './stake-view.ts'
import type { WalletSession } from './wallet-session.ts'
import { withWallet } from './wallet-session.ts'

/** A command that moves an operator's stake: its wallet, its stake before, and whether to go on. */
export interface StakeSession extends WalletSession {
  readonly stake: StakeView
  readonly registry: Address
}

export function withStake<T>(
  options: StakeOptions,
  context: CommandContext,
  body: (session: StakeSession) => Promise<T>,
): Promise<T> {
  return withWallet(options, context, async (session) => {
    const { connection, wallet } = session
    const registry = connection.deployment.contracts.NodeRegistry.address
    const operator = await requireOperator(connection, wallet.address)
    return body({ ...session, stake: await readStake(connection, operator), registry })
  })
}

/**
 * The operator for which a wallet acts: the wallet's own address before its account is open.
 *
 * @throws RsdpError E_WALLET_REPLACED
 */
async function requireOperator(connection: Connection, wallet: Address): Promise<Address> {
  const operator = await accountOf(connection, wallet)
  if (operator !== null) return operator
  const holder = await readHolder(connection, wallet)
  if (holder === null) return wallet
  throw new RsdpError({
    code: 'E_WALLET_REPLACED',
    message: `${wallet} handed its account over and acts for no operator; ${holder.wallet} acts for operator ${wallet}`,
    hint: `give the key file of ${holder.wallet}`,
    exit: EXIT.precondition,
    details: { operator: wallet, wallet: holder.wallet },
  })
}
