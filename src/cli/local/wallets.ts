import { openConnection } from '../../adapters/evm/open-connection.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { Wallet } from '../../adapters/evm/wallet.ts'
import { devAccounts } from '../../adapters/hardhat/dev-accounts.ts'
import { readKeyFile } from '../../adapters/keys/key-file.ts'
import { addressOf } from '../../adapters/keys/keyring.ts'
import { fromHex, toHex } from '../../codec/hex.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Hex } from '../../types/ids.ts'
import { journalFor } from '../journal.ts'
import type { FeeOptions, WalletOptions } from '../options.ts'
import { passwordPrompt } from '../password.ts'
import { isLocalChain } from './chains.ts'
import { refuseTestKey } from './test-keys.ts'

/** A connection checked against the deployment file. */
export async function openDeployment(rpcUrl: string, deploymentFile: string): Promise<Connection> {
  return openConnection({ rpcUrl, deployment: await readDeployment(deploymentFile) })
}

/** The wallet of a key file; on a local chain, without one, that of a public test account. */
export async function openWallet(connection: Connection, options: WalletOptions): Promise<Wallet> {
  const local = isLocalChain(connection.deployment.chainId)
  return new Wallet(connection, await walletKey(options, local))
}

/** The same with its transaction journal. Whoever opens it settles it first and releases it at the end. */
export async function openJournalledWallet(
  connection: Connection,
  options: WalletOptions,
  note: (line: string) => void,
): Promise<Wallet> {
  const { deployment } = connection
  const privateKey = await walletKey(options, isLocalChain(deployment.chainId))
  const journal = journalFor(options.keyFile, deployment, addressOf(fromHex(privateKey)))
  return new Wallet(connection, privateKey, { journal, note, ...feeCap(options) })
}

/** Of `--max-fee-gwei`. */
export function feeCap({ maxFeeGwei }: FeeOptions): { readonly feeCapWei?: bigint } {
  return maxFeeGwei === undefined ? {} : { feeCapWei: BigInt(maxFeeGwei) * 10n ** 9n }
}

/** Private key of `--key-file`, or of the test account of a local chain. */
export async function walletKey(
  { keyFile, passwordFile }: Pick<WalletOptions, 'keyFile' | 'passwordFile'>,
  local: boolean,
  account = 0,
): Promise<Hex> {
  if (keyFile !== undefined) {
    const bytes = await readKeyFile({
      path: keyFile,
      passwordFile: passwordFile ?? null,
      isLocalChain: local,
      askPassword: passwordPrompt(),
    })
    refuseTestKey(bytes, local)
    return toHex(bytes)
  }
  if (!local) {
    throw new RsdpError({
      code: 'E_NO_KEY',
      message: 'this chain is not a local one, so its test accounts are not used',
      hint: 'give --key-file, and --password-file if it is encrypted',
      exit: EXIT.precondition,
    })
  }
  const { privateKey } = devAccounts(account + 1)[account] ?? { privateKey: '0x' }
  return privateKey
}
