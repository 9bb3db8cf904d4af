import type { ChainEvent } from '../ports/chain.ts'
import type { Peer } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'

/** Registered identities and their announced addresses, as the chain tells them. */
export class PeerBook {
  readonly #self: Address
  readonly #addresses = new Map<Address, readonly string[]>()
  #changed = false

  constructor(self: Address) {
    this.#self = self
  }

  take(event: Extract<ChainEvent, { kind: 'nodeRegistered' | 'nodeAddresses' | 'nodeRetired' }>): void {
    this.#changed = true
    switch (event.kind) {
      case 'nodeRegistered':
        if (!this.#addresses.has(event.key)) this.#addresses.set(event.key, [])
        break
      case 'nodeAddresses':
        this.#addresses.set(event.key, event.addresses)
        break
      case 'nodeRetired':
        break // it still serves its running tasks
    }
  }

  /** All registered nodes but this one. */
  peers(): Peer[] {
    return [...this.#addresses]
      .filter(([key]) => key !== this.#self)
      .map(([key, addresses]) => ({ key, addresses }))
  }

  /** Whether something changed since the last call. */
  takeChanged(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }
}
