import { devAccounts } from '../../adapters/hardhat/dev-accounts.ts'
import { addressOf } from '../../adapters/keys/keyring.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'

/** Whether everybody has this account's key: those of Hardhat, Anvil and Ganache's public test mnemonic. */
export function isTestAccount(address: Address): boolean {
  return devAccounts().some((account) => account.address === address)
}

/** @throws RsdpError E_TEST_KEY for a public test key off a local chain: whatever it holds there is anybody's */
export function refuseTestKey(privateKey: Uint8Array, isLocalChain: boolean): void {
  if (isLocalChain) return
  const address = addressOf(privateKey)
  if (!isTestAccount(address)) return
  throw new RsdpError({
    code: 'E_TEST_KEY',
    message: `${address} is a public test account, and this is not a local chain`,
    hint: 'make a key of your own: rsdp keys new',
    exit: EXIT.precondition,
    details: { address },
  })
}
