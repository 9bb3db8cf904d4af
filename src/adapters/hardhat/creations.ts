import type { HardhatEthersProvider } from '@nomicfoundation/hardhat-ethers/types'
import { invariant } from '../../types/errors.ts'
import type { Address, Digest } from '../../types/ids.ts'

export interface Creation {
  readonly block: number
  readonly tx: Digest
}

/**
 * Block and transaction in which each of `addresses` was created, by a transaction after block `after`. Ignition's
 * journal knows them too, but offers no public way to read it.
 */
export async function findCreations(
  provider: HardhatEthersProvider,
  after: number,
  addresses: readonly Address[],
): Promise<ReadonlyMap<Address, Creation>> {
  const found = new Map<Address, Creation>()
  const head = await provider.getBlockNumber()
  for (let number = after + 1; number <= head && found.size < addresses.length; number++) {
    const block = await provider.getBlock(number, true)
    for (const transaction of block?.prefetchedTransactions ?? []) {
      if (transaction.to !== null) continue
      const receipt = await provider.getTransactionReceipt(transaction.hash)
      const address = receipt?.contractAddress?.toLowerCase() as Address | undefined
      if (address === undefined || !addresses.includes(address)) continue
      found.set(address, { block: number, tx: transaction.hash as Digest })
    }
  }
  invariant(found.size === addresses.length, 'a deployed contract is in no block')
  return found
}
