import type { TransactionReceipt } from 'ethers'
import { SigningKey, computeAddress } from 'ethers'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { Connection } from './connection.ts'
import { troubleIn } from './trouble.ts'

/** Where the transaction of one nonce is: null hash: in a block before any of ours was signed. */
export interface Spender {
  readonly hash: Digest | null
  readonly block: number
}

/** What the chain says about one account's transactions. All reads throw what `Connection.read` throws. */
export class Account {
  readonly connection: Connection
  readonly address: Address
  readonly key: SigningKey
  #hasPending = true

  constructor(connection: Connection, privateKey: Hex) {
    this.connection = connection
    this.key = new SigningKey(privateKey)
    this.address = computeAddress(this.key).toLowerCase() as Address
  }

  head(): Promise<number> {
    return this.connection.read(this.connection.provider.getBlockNumber())
  }

  balance(): Promise<bigint> {
    return this.connection.read(this.connection.provider.getBalance(this.address))
  }

  /** Transactions up to the block: the nonce of the next. */
  count(block: 'latest' | number): Promise<number> {
    return this.connection.read(this.connection.provider.getTransactionCount(this.address, block))
  }

  /** The same with those that wait in the endpoint's pool; of an endpoint without the tag, those that are mined. */
  countPending(): Promise<number> {
    return this.withPending(async (tag) =>
      this.connection.provider.getTransactionCount(this.address, tag ?? 'latest'),
    )
  }

  /** Asks with the `pending` tag, or without once the endpoint has refused it. */
  async withPending<T>(ask: (tag: 'pending' | null) => Promise<T>): Promise<T> {
    if (this.#hasPending) {
      try {
        return await this.connection.read(ask('pending'))
      } catch (error) {
        if (!isWithoutPending(error)) throw error
        this.#hasPending = false
      }
    }
    return this.connection.read(ask(null))
  }

  /** The receipt of the first of these transactions that the endpoint knows as mined; null proves nothing. */
  async receiptOf(hashes: readonly Digest[]): Promise<TransactionReceipt | null> {
    for (const hash of hashes) {
      const receipt = await this.connection.read(this.connection.provider.getTransactionReceipt(hash))
      if (receipt !== null) return receipt
    }
    return null
  }

  /** Whether the endpoint has a transaction, mined or not. */
  async knows(hash: Digest): Promise<boolean> {
    return (await this.connection.read(this.connection.provider.getTransaction(hash))) !== null
  }

  /**
   * The transaction that used a nonce, found in the blocks themselves.
   *
   * @param after block at which none of our transactions with this nonce can have been mined
   * @returns null if the endpoint shows no such transaction: then nothing is known
   */
  async spenderOf(nonce: number, after: number, head: number): Promise<Spender | null> {
    const before = await this.#countAt(after)
    if (before !== null && before > nonce) return { hash: null, block: after }
    let low = after + 1
    let high = head
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      const count = await this.#countAt(middle)
      // without the state of old blocks the blocks are read one by one
      if (count === null) break
      if (count > nonce) high = middle
      else low = middle + 1
    }
    for (let block = low; block <= high; block += 1) {
      const hash = await this.#sentIn(block, nonce)
      if (hash !== null) return { hash, block }
    }
    return null
  }

  /** Null if the endpoint does not say: it keeps no state of that block. */
  async #countAt(block: number): Promise<number | null> {
    try {
      return await this.count(Math.max(0, block))
    } catch (error) {
      if (troubleIn(error) === null) throw error
      return null
    }
  }

  async #sentIn(block: number, nonce: number): Promise<Digest | null> {
    const found = await this.connection.read(this.connection.provider.getBlock(block, true))
    for (const transaction of found?.prefetchedTransactions ?? []) {
      if (transaction.from.toLowerCase() === this.address && transaction.nonce === nonce)
        return transaction.hash as Digest
    }
    return null
  }
}

/** An endpoint that has no pending block says so in many ways. Asking once more without the tag does no harm. */
function isWithoutPending(error: unknown): boolean {
  const trouble = troubleIn(error)
  return trouble === 'params' || trouble === 'behind' || trouble === 'refused' || trouble === 'state'
}
