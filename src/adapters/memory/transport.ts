import { FRAME_BYTES_MAX } from '../../ports/transport.ts'
import type { Peer, Transport, TransportCounters } from '../../ports/transport.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'

/** Frames on their way at one moment; beyond, new ones are lost, as in any network. */
export const IN_FLIGHT_MAX = 65_536

/** A frame on its way. */
export interface Envelope {
  readonly from: Address
  readonly to: Address
  readonly bytes: Uint8Array
}

interface InFlight extends Envelope {
  /** The very instances: what was sent to a node that has restarted since is lost. */
  readonly sender: MemoryTransport
  readonly receiver: MemoryTransport
}

/**
 * A network inside one process. Frames wait in one queue, in the order in which they were sent, until somebody delivers
 * them: the caller, who may choose order and loss (`manual`), or the hub itself, in order, when the code that sent has
 * run to its end (`auto`). No timers and no dice: the same calls give the same deliveries.
 */
export class MemoryHub {
  readonly #nodes = new Map<Address, MemoryTransport>()
  readonly #queue: InFlight[] = []
  readonly #isAuto: boolean
  #isDeliveryQueued = false

  constructor(delivery: 'manual' | 'auto') {
    this.#isAuto = delivery === 'auto'
  }

  /** A node of this network. Several may be made for one key, but only one may run at a time. */
  createTransport(key: Address): MemoryTransport {
    return new MemoryTransport(key, this)
  }

  /** What is on its way, oldest first. Indexes are those of `deliver` and `drop`. */
  pending(): readonly Envelope[] {
    return this.#queue
  }

  /** Takes one frame off the queue and delivers it, unless the link is gone. Returns false if there is no such frame. */
  deliver(index = 0): boolean {
    const [frame] = this.#queue.splice(index, 1)
    if (frame === undefined) return false
    if (isLinked(frame.sender, frame.receiver)) frame.receiver.receive(frame.from, frame.bytes)
    return true
  }

  /** Loses one frame. Returns false if there is no such frame. */
  drop(index = 0): boolean {
    return this.#queue.splice(index, 1).length === 1
  }

  /** Delivers everything, and what is sent in answer, until nothing is left. Returns how many frames that were. */
  deliverAll(): number {
    let count = 0
    while (this.deliver()) count += 1
    return count
  }

  /** @internal for the transports of this hub */
  attach(node: MemoryTransport): void {
    if (this.#nodes.has(node.key)) {
      throw new RsdpError({
        code: 'E_ADDR_IN_USE',
        message: `a node with key ${node.key} runs on this hub`,
        hint: 'stop it first',
        exit: EXIT.busy,
      })
    }
    this.#nodes.set(node.key, node)
  }

  /** @internal for the transports of this hub */
  detach(node: MemoryTransport): void {
    if (this.#nodes.get(node.key) === node) this.#nodes.delete(node.key)
  }

  /** @internal Whether both run and each has the other in its set. */
  isReachable(sender: MemoryTransport, to: Address): boolean {
    const receiver = this.#nodes.get(to)
    return receiver !== undefined && isLinked(sender, receiver)
  }

  /** @internal Puts a frame on its way. Returns false if it was lost at once. */
  post(sender: MemoryTransport, to: Address, bytes: Uint8Array): boolean {
    const receiver = this.#nodes.get(to)
    if (receiver === undefined || !isLinked(sender, receiver) || this.#queue.length >= IN_FLIGHT_MAX)
      return false
    // a copy, as over a wire: neither end may see the other's later changes (`slice` of a Buffer would be a view)
    this.#queue.push({ from: sender.key, to, bytes: new Uint8Array(bytes), sender, receiver })
    if (this.#isAuto) this.#queueDelivery()
    return true
  }

  #queueDelivery(): void {
    if (this.#isDeliveryQueued) return
    this.#isDeliveryQueued = true
    queueMicrotask(() => {
      this.#isDeliveryQueued = false
      this.deliverAll()
    })
  }
}

function isLinked(a: MemoryTransport, b: MemoryTransport): boolean {
  return a.isRunning && b.isRunning && a.hasPeer(b.key) && b.hasPeer(a.key)
}

/** Transport over a hub. Made by `MemoryHub.createTransport`. */
export class MemoryTransport implements Transport {
  readonly key: Address
  readonly #hub: MemoryHub
  #peers = new Set<Address>()
  #state: 'new' | 'running' | 'stopped' = 'new'
  #receive: (from: Address, bytes: Uint8Array) => void = () => undefined
  #framesSent = 0
  #framesReceived = 0
  #bytesSent = 0
  #bytesReceived = 0
  #framesDropped = 0

  constructor(key: Address, hub: MemoryHub) {
    this.key = key
    this.#hub = hub
  }

  /** @internal for the hub */
  get isRunning(): boolean {
    return this.#state === 'running'
  }

  /** @internal for the hub */
  hasPeer(key: Address): boolean {
    return this.#peers.has(key)
  }

  /** @internal for the hub */
  receive(from: Address, bytes: Uint8Array): void {
    this.#framesReceived += 1
    this.#bytesReceived += bytes.length
    this.#receive(from, bytes)
  }

  addresses(): readonly string[] {
    return this.isRunning ? [`/memory/${this.key}`] : []
  }

  start(): Promise<void> {
    invariant(this.#state === 'new', 'transport started twice')
    try {
      this.#hub.attach(this)
    } catch (cause) {
      return Promise.reject(cause instanceof Error ? cause : new Error('attach failed', { cause }))
    }
    this.#state = 'running'
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#state = 'stopped'
    this.#hub.detach(this)
    return Promise.resolve()
  }

  setPeers(peers: readonly Peer[]): void {
    this.#peers = new Set(peers.map((peer) => peer.key))
    this.#peers.delete(this.key)
  }

  connected(): readonly Address[] {
    return [...this.#peers].filter((key) => this.#hub.isReachable(this, key))
  }

  broadcast(bytes: Uint8Array): void {
    checkSize(bytes)
    for (const key of this.#peers) this.#post(key, bytes)
  }

  send(to: Address, bytes: Uint8Array): void {
    checkSize(bytes)
    if (this.#peers.has(to)) this.#post(to, bytes)
  }

  /** Nothing waits here for anything else. */
  sendData(to: Address, bytes: Uint8Array): void {
    this.send(to, bytes)
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    invariant(this.#state === 'new', 'receiver set after start')
    this.#receive = receive
  }

  counters(): TransportCounters {
    return {
      framesSent: this.#framesSent,
      framesReceived: this.#framesReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      framesDropped: this.#framesDropped,
      refused: {},
    }
  }

  #post(to: Address, bytes: Uint8Array): void {
    if (!this.#hub.post(this, to, bytes)) {
      this.#framesDropped += 1
      return
    }
    this.#framesSent += 1
    this.#bytesSent += bytes.length
  }
}

function checkSize(bytes: Uint8Array): void {
  invariant(bytes.length >= 1 && bytes.length <= FRAME_BYTES_MAX, `frame of ${bytes.length} bytes`)
}
