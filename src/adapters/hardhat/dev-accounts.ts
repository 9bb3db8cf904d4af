import { HDNodeWallet } from 'ethers'
import type { Address, Hex } from '../../types/ids.ts'

/** Known to everybody: the accounts of a local Hardhat chain. Never fund them on a chain that matters. */
export const DEV_MNEMONIC = 'test test test test test test test test test test test junk'

/** A local chain of ours funds this many accounts with 10,000 ETH each: an operator for each seat, and a client. */
export const DEV_ACCOUNTS = 32

export interface DevAccount {
  readonly address: Address
  readonly privateKey: Hex
}

/** The first accounts of the public test mnemonic. */
export function devAccounts(count = DEV_ACCOUNTS): readonly DevAccount[] {
  const parent = HDNodeWallet.fromPhrase(DEV_MNEMONIC, '', "m/44'/60'/0'/0")
  return Array.from({ length: count }, (_, index) => {
    const { address, privateKey } = parent.deriveChild(index)
    return { address: address.toLowerCase() as Address, privateKey: privateKey as Hex }
  })
}
