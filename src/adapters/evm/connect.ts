import type { Hex } from '../../types/ids.ts'
import { EvmChain } from './evm-chain.ts'
import type { ConnectionOptions } from './open-connection.ts'
import { openConnection } from './open-connection.ts'
import type { WalletOptions } from './wallet.ts'
import { Wallet } from './wallet.ts'

export interface ConnectOptions extends ConnectionOptions {
  /** The signing key; without it nothing can be sent. */
  readonly privateKey?: Hex
  /** Blocks until history counts as final, instead of the deployment's own number. */
  readonly confirmations?: number
  readonly wallet?: Partial<WalletOptions>
}

/** The chain port over one RPC endpoint or several. @throws RsdpError as `openConnection` */
export async function connect(options: ConnectOptions): Promise<EvmChain> {
  const connection = await openConnection(options)
  const { privateKey, confirmations } = options
  const wallet = privateKey === undefined ? null : new Wallet(connection, privateKey, options.wallet)
  return new EvmChain(connection, wallet, confirmations ?? options.deployment.windows.reorgDepth)
}
