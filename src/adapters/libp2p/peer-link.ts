import type { Connection, MultiaddrConnection, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Address } from '../../types/ids.ts'
import { Bucket } from '../wire/bucket.ts'
import type { Counters, Refusal } from '../wire/counters.ts'
import type { Lane } from '../wire/flow.ts'
import { readFrames } from './inbound.ts'
import { CONNECTIONS_PER_PEER_MAX, COST_BYTES, INBOUND_STREAMS_MAX, PROTOCOL } from './limits.ts'
import type { Limits } from './limits.ts'
import { Outbound } from './outbound.ts'

export interface PeerLinkComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Limits
  readonly counters: Counters
  readonly random: () => number
  /** Dials addresses that name the peer's identity; never resolves with a connection to another. */
  readonly dial: (addresses: readonly Multiaddr[], signal: AbortSignal) => Promise<Connection>
  readonly deliver: (from: Address, body: Uint8Array) => void
}

/**
 * Everything about one peer of the set: its connections, the one outgoing stream, at most two incoming ones, and its
 * flood budget. The budget outlives streams and connections, so that reconnecting buys nothing.
 */
export class PeerLink {
  readonly key: Address
  readonly #with: PeerLinkComponents
  readonly #outbound: Outbound
  readonly #budget: Bucket
  /** Oldest first, as are the streams. */
  readonly #connections: Connection[] = []
  readonly #inbound: Stream[] = []
  #addresses: readonly Multiaddr[]
  #cancelIsolation: (() => void) | null = null
  #isClosed = false
  /** Of a series of failures only the first is logged. */
  #isFailureLogged = false

  constructor(key: Address, addresses: readonly Multiaddr[], components: PeerLinkComponents) {
    this.key = key
    this.#addresses = addresses
    this.#with = components
    const { clock, limits, counters, random } = components
    this.#budget = new Bucket(clock, limits.floodBytesPerSecond, limits.floodBurstBytes)
    this.#outbound = new Outbound({
      clock,
      limits,
      counters,
      random,
      open: (signal) => this.#openStream(signal),
      onChange: (isOpen) => this.#onChange(isOpen),
      onFailure: (cause) => this.#onFailure(cause),
      onFault: (reason) => this.#onFault(reason),
    })
  }

  get isConnected(): boolean {
    return this.#outbound.isOpen
  }

  /** False while the peer is isolated, or gone from the set. */
  get mayConnect(): boolean {
    return !this.#isClosed && this.#cancelIsolation === null
  }

  /** Tries to reach the peer now. */
  poke(): void {
    this.#outbound.poke()
  }

  setAddresses(addresses: readonly Multiaddr[]): void {
    this.#addresses = addresses
  }

  send(frame: Uint8Array, lane: Lane): void {
    this.#outbound.send(frame, lane)
  }

  /**
   * Charges everything that comes over a connection to the flood budget, also what never becomes a frame: pings,
   * window updates, negotiations, bytes for streams that do not exist.
   */
  meter(raw: MultiaddrConnection): void {
    raw.addEventListener('message', ({ data }) => this.#spend(data.byteLength))
  }

  /** Notes a connection that proved to be this peer's, and uses it at once if the peer was out of reach. */
  addConnection(connection: Connection): void {
    if (!this.#spend(COST_BYTES.connection)) {
      connection.abort(new Error('not now'))
      return
    }
    this.#connections.push(connection)
    connection.addEventListener('close', () => {
      remove(this.#connections, connection)
    })
    // the oldest is the one most likely dead
    if (this.#connections.length > CONNECTIONS_PER_PEER_MAX) {
      this.#with.counters.refuse('streams')
      this.#connections[0]?.abort(new Error('too many connections'))
    }
    if (connection.direction === 'inbound') this.poke()
  }

  /** Reads frames from a stream that this peer has opened. */
  addInbound(stream: Stream): void {
    if (!this.mayConnect || !this.#spend(COST_BYTES.stream)) {
      stream.abort(new Error('not now'))
      return
    }
    this.#inbound.push(stream)
    // after a cut cable the peer comes back while its old streams still look alive
    if (this.#inbound.length > INBOUND_STREAMS_MAX) {
      this.#with.counters.refuse('streams')
      this.#inbound[0]?.abort(new Error('replaced by a newer stream'))
    }
    readFrames(stream, {
      clock: this.#with.clock,
      frameDeadlineMs: this.#with.limits.frameDeadlineMs,
      spendFrame: () => this.#spend(COST_BYTES.frame),
      onFrame: (body) => {
        this.#with.deliver(this.key, body)
      },
      onFault: (reason) => {
        this.#onFault(reason)
        this.#spend(COST_BYTES.fault)
      },
      onEnd: () => remove(this.#inbound, stream),
    })
  }

  /**
   * Ends everything: the peer has left the set, or the transport stops. Nothing is delivered from the moment of the
   * call; resolves when the last own bytes have left. Connections stay, for them to leave. Never rejects.
   */
  close(): Promise<void> {
    this.#isClosed = true
    this.#cancelIsolation?.()
    for (const stream of [...this.#inbound]) stream.abort(new Error('closed'))
    return this.#outbound.close()
  }

  /** Drops the connections too. */
  cutConnections(reason: string): void {
    for (const connection of [...this.#connections]) connection.abort(new Error(reason))
  }

  async #openStream(signal: AbortSignal): Promise<Stream> {
    if (!this.mayConnect) throw new Error('isolated')
    // the newest is the one most likely alive; one that is dead is found by the connection monitor
    const connection =
      this.#connections.findLast(({ status }) => status === 'open') ?? (await this.#dial(signal))
    return connection.newStream(PROTOCOL, { signal })
  }

  #dial(signal: AbortSignal): Promise<Connection> {
    if (this.#addresses.length === 0) throw new Error('no usable address')
    return this.#with.dial(this.#addresses, signal)
  }

  #spend(costBytes: number): boolean {
    if (!this.mayConnect) return false
    if (this.#budget.take(costBytes)) return true
    this.#isolate()
    return false
  }

  #isolate(): void {
    const { clock, logger, limits, counters } = this.#with
    counters.refuse('flood')
    logger.warn('peer.isolated', { key: this.key, forMs: limits.isolationMs })
    this.#cancelIsolation = clock.after(limits.isolationMs, () => {
      this.#cancelIsolation = null
      logger.info('peer.released', { key: this.key })
      this.poke()
    })
    this.cutConnections('flood')
  }

  #onChange(isOpen: boolean): void {
    this.#isFailureLogged = false
    if (!this.#isClosed)
      this.#with.logger.info(isOpen ? 'peer.connected' : 'peer.disconnected', { key: this.key })
  }

  #onFailure(cause: unknown): void {
    if (this.#isFailureLogged) return
    this.#isFailureLogged = true
    this.#with.logger.info('peer.unreachable', {
      key: this.key,
      cause: cause instanceof Error ? cause.message : 'unknown',
    })
  }

  #onFault(reason: Refusal): void {
    this.#with.counters.refuse(reason)
    this.#with.logger.warn('peer.cut', { key: this.key, reason })
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item)
  if (at >= 0) list.splice(at, 1)
}
