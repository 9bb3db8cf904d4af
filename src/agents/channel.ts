import type { Peer, Transport } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'

/** What a frame beside the protocol is about. */
export const TOPICS = {
  ping: 0,
  pong: 1,
  service: 2,
  bundleAsk: 3,
  bundlePart: 4,
  request: 5,
  reply: 6,
} as const
export type Topic = keyof typeof TOPICS

/** First byte of such frames: a frame of the protocol is a list in CBOR, and never begins with it. */
const MARK = 0
const NAMES = Object.keys(TOPICS) as Topic[]

type Receive = (from: Address, body: Uint8Array) => void

/**
 * A transport on which services talk, too: `u8 0 ‖ u8 topic ‖ body` between members, beside the frames of the protocol. What
 * is no such frame goes to the node.
 */
export class Channel implements Transport {
  readonly key: Address
  readonly #link: Transport
  readonly #receivers = new Map<Topic, Receive>()
  #heard: (from: Address) => void = () => undefined

  constructor(link: Transport) {
    this.#link = link
    this.key = link.key
  }

  /** Tells of every frame, whatever it is: its sender has proved its key. */
  onHeard(heard: (from: Address) => void): void {
    this.#heard = heard
  }

  /** The one receiver of a topic; what nobody receives is dropped. Must not throw. */
  onTopic(topic: Topic, receive: Receive): void {
    this.#receivers.set(topic, receive)
  }

  /** Same promises as `send`. All but the measure of a link gives way to the protocol. */
  sendTopic(topic: Topic, to: Address, body: Uint8Array): void {
    const frame = new Uint8Array(2 + body.length)
    frame[0] = MARK
    frame[1] = TOPICS[topic]
    frame.set(body, 2)
    if (topic === 'ping' || topic === 'pong') this.#link.send(to, frame)
    else this.#link.sendData(to, frame)
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    this.#link.onMessage((from, bytes) => {
      this.#heard(from)
      if (bytes[0] !== MARK) return receive(from, bytes)
      const topic = NAMES.find((name) => TOPICS[name] === bytes[1])
      if (topic !== undefined) this.#receivers.get(topic)?.(from, bytes.subarray(2))
    })
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

  connected(): readonly Address[] {
    return this.#link.connected()
  }

  broadcast(bytes: Uint8Array): void {
    this.#link.broadcast(bytes)
  }

  send(to: Address, bytes: Uint8Array): void {
    this.#link.send(to, bytes)
  }

  sendData(to: Address, bytes: Uint8Array): void {
    this.#link.sendData(to, bytes)
  }

  counters(): ReturnType<Transport['counters']> {
    return this.#link.counters()
  }
}
