import type { Wallet } from '../adapters/evm/wallet.ts'
import type { Address } from '../types/ids.ts'
import { isLocalChain } from './local/chains.ts'
import { openDeployment, openWallet } from './local/wallets.ts'
import type { StakeOptions } from './options.ts'
import type { CommandContext } from './run-command.ts'
import type { StakeView } from './stake-view.ts'
import { readStake } from './stake-view.ts'
import { confirm } from './terminal.ts'

/** A command that moves an operator's stake: its wallet, its stake before, and whether to go on. */
export interface StakeSession {
  readonly wallet: Wallet
  readonly stake: StakeView
  readonly registry: Address
  readonly isLocal: boolean
  /**
   * Shows what will happen. True: it shall happen; false: `--dry-run`. On a local chain, where nothing is worth
   * anything, nobody is asked.
   */
  readonly agreed: (effect: readonly string[]) => Promise<boolean>
}

export async function withStake<T>(
  options: StakeOptions,
  { output }: CommandContext,
  body: (session: StakeSession) => Promise<T>,
): Promise<T> {
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const wallet = await openWallet(connection, options)
    const isLocal = isLocalChain(connection.deployment.chainId)
    return await body({
      wallet,
      stake: await readStake(connection, wallet.address),
      registry: connection.deployment.contracts.NodeRegistry.address,
      isLocal,
      agreed: async (effect) => {
        await confirm({ effect, yes: options.yes || options.dryRun || isLocal }, output.say)
        return !options.dryRun
      },
    })
  } finally {
    connection.close()
  }
}
