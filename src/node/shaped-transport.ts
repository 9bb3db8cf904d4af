import type { Clock } from '../ports/clock.ts'
import type { Peer, Transport } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'

/** How the link to a peer is made worse, for trials on one machine. */
export interface LinkShape {
  /** On the way there, ms. */
  readonly delayMs: number
  /** Nothing passes, either way. */
  readonly isCut: boolean
}

/** A transport whose links are slow or cut as a trial wants them, also while it runs. */
export class ShapedTransport implements Transport {
  readonly key: Address
  readonly #link: Transport
  readonly #clock: Clock
  readonly #shapeOf: (peer: Address) => LinkShape

  constructor(link: Transport, clock: Clock, shapeOf: (peer: Address) => LinkShape) {
    this.#link = link
    this.#clock = clock
    this.#shapeOf = shapeOf
    this.key = link.key
  }

  send(to: Address, bytes: Uint8Array): void {
    this.#later(to, () => this.#link.send(to, bytes))
  }

  sendData(to: Address, bytes: Uint8Array): void {
    this.#later(to, () => this.#link.sendData(to, bytes))
  }

  broadcast(bytes: Uint8Array): void {
    for (const peer of this.#link.connected()) this.send(peer, bytes)
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    this.#link.onMessage((from, bytes) => {
      if (!this.#shapeOf(from).isCut) receive(from, bytes)
    })
  }

  connected(): readonly Address[] {
    return this.#link.connected().filter((peer) => !this.#shapeOf(peer).isCut)
  }

  addresses(): readonly string[] {
    return this.#link.addresses()
  }

  start(): Promise<void> {
    return this.#link.start()
  }

  stop(): Promise<void> {
    return this.#link.stop()
  }

  setPeers(peers: readonly Peer[]): void {
    this.#link.setPeers(peers)
  }

  counters(): ReturnType<Transport['counters']> {
    return this.#link.counters()
  }

  #later(to: Address, send: () => void): void {
    const { delayMs, isCut } = this.#shapeOf(to)
    if (isCut) return
    if (delayMs === 0) send()
    else this.#clock.after(delayMs, send)
  }
}
