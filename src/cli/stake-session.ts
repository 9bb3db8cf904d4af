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
    return body({ ...session, stake: await readStake(connection, wallet.address), registry })
  })
}
