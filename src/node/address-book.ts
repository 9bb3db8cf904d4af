import type { ChainEvent } from '../ports/chain.ts'
import type { Peer } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'

/**
 * Where nodes say that they can be reached, as the chain tells it: per key the last announcement alone, which the registry
 * bounds to 4 addresses of 256 bytes. It decides nothing about whom this node talks to.
 */
export class AddressBook {
  readonly #announced = new Map<Address, readonly string[]>()

  take({ key, addresses }: Extract<ChainEvent, { kind: 'nodeAddresses' }>): void {
    if (addresses.length === 0) this.#announced.delete(key)
    else this.#announced.set(key, addresses)
  }

  /** Those keys with their addresses; none where nothing was announced. */
  peers(keys: Iterable<Address>): Peer[] {
    return [...keys].map((key) => ({ key, addresses: this.#announced.get(key) ?? [] }))
  }
}
