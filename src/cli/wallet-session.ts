import type { Connection } from '../adapters/evm/connection.ts'
import { shown } from '../adapters/evm/tx-follower.ts'
import type { Wallet } from '../adapters/evm/wallet.ts'
import { isLocalChain } from './local/chains.ts'
import { openDeployment, openJournalledWallet } from './local/wallets.ts'
import type { CautionOptions, WalletOptions } from './options.ts'
import type { CommandContext } from './run-command.ts'
import { confirm } from './terminal.ts'

/** A command that sends from a wallet what costs money or cannot be undone. */
export interface WalletSession {
  readonly connection: Connection
  readonly wallet: Wallet
  readonly isLocal: boolean
  /**
   * Shows what will happen. True: it shall happen; false: `--dry-run`. On a local chain, where nothing is worth
   * anything, nobody is asked.
   */
  readonly agreed: (effect: readonly string[]) => Promise<boolean>
}

export const NOTHING_SENT = 'nothing was sent (--dry-run)'

export async function withWallet<T>(
  options: WalletOptions & CautionOptions,
  { output }: CommandContext,
  body: (session: WalletSession) => Promise<T>,
): Promise<T> {
  const connection = await openDeployment(options.rpcUrl, options.deployment)
  try {
    const wallet = await openJournalledWallet(connection, options, output.say)
    if (options.dryRun)
      for (const intent of await wallet.pending()) output.say(`${shown(intent)} is not mined yet`)
    else await wallet.settle()
    const isLocal = isLocalChain(connection.deployment.chainId)
    const agreed = async (effect: readonly string[]): Promise<boolean> => {
      await confirm({ effect, yes: options.yes || options.dryRun || isLocal }, output.say)
      return !options.dryRun
    }
    let isWhole = false
    try {
      const result = await body({ connection, wallet, isLocal, agreed })
      isWhole = true
      return result
    } finally {
      await wallet.release(isWhole)
    }
  } finally {
    connection.close()
  }
}
