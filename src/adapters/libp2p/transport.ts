import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import { FRAME_BYTES_MAX } from '../../ports/transport.ts'
import type { Peer, Transport, TransportCounters } from '../../ports/transport.ts'
import { invariant } from '../../types/errors.ts'
import type { Address } from '../../types/ids.ts'
import { Counters } from '../wire/counters.ts'
import { createNode } from './create-node.ts'
import { dialAddresses } from './dial-addresses.ts'
import { Door } from './door.ts'
import { encodeFrame } from './frame-decoder.ts'
import { createGater } from './gater.ts'
import { hostOf } from './host.ts'
import type { Host } from './host.ts'
import { addressFromPeerId, privateKeyFromBytes } from './identity.ts'
import { DEFAULT_LIMITS, INBOUND_STREAMS_MAX, PROTOCOL } from './limits.ts'
import type { Limits } from './limits.ts'
import { listenError } from './listen-error.ts'
import { PeerLink } from './peer-link.ts'

/** Strangers are counted one by one but logged at most this often: anybody can knock. */
const STRANGER_LOG_MS = 60_000

export interface Libp2pTransportInit {
  /** The signing key, 32 bytes: the node's one identity. */
  readonly privateKey: Uint8Array
  /** Multiaddrs to listen on, e.g. `/ip4/0.0.0.0/tcp/4001`; port 0 picks a free one. */
  readonly listen: readonly string[]
  readonly clock: Clock
  readonly logger: Logger
  /** Jitter source, in [0, 1). */
  readonly random?: () => number
  readonly limits?: Partial<Limits>
}

/**
 * Transport over libp2p (TCP, noise, yamux): a full mesh of the peer set, one long-lived stream each way.
 *
 * Guarantees besides the port's: memory per peer is bounded whatever the peer does; a peer that breaks a rule loses its
 * stream, one that floods is isolated for a while and then released; a stranger never gets as far as a stream, and keeps
 * no member from one.
 */
export class Libp2pTransport implements Transport {
  readonly key: Address
  readonly #init: Libp2pTransportInit
  readonly #limits: Limits
  readonly #privateKey: PrivateKey
  readonly #counters = new Counters()
  readonly #links = new Map<Address, PeerLink>()
  readonly #addressTexts = new Map<Address, string>()
  /** Where each peer of the set is, as registered, … */
  readonly #homes = new Map<Address, readonly (Host | null)[]>()
  /** … and where its last connection came from. */
  readonly #origins = new Map<Address, Host | null>()
  #receive: (from: Address, bytes: Uint8Array) => void = () => undefined
  #node: Libp2p | null = null
  #starting: Promise<void> | null = null
  #isListening = false
  #isStopped = false
  #strangerLoggedAtMs = Number.NEGATIVE_INFINITY

  constructor(init: Libp2pTransportInit) {
    this.#init = init
    this.#limits = { ...DEFAULT_LIMITS, ...init.limits }
    this.#privateKey = privateKeyFromBytes(init.privateKey)
    const key = addressFromPeerId(peerIdFromPrivateKey(this.#privateKey))
    invariant(key !== null, 'a secp256k1 key has an address')
    this.key = key
  }

  addresses(): readonly string[] {
    return this.#isListening ? (this.#node?.getMultiaddrs().map(String) ?? []) : []
  }

  start(): Promise<void> {
    invariant(this.#starting === null && !this.#isStopped, 'transport started twice')
    this.#starting = this.#start()
    return this.#starting
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#isListening = false
    const links = [...this.#links.values()]
    this.#links.clear()
    await Promise.all(links.map((link) => link.close()))
    // a start under way must be over before it can be undone; its failure is the starter's business
    await this.#starting?.catch(() => undefined)
    await this.#node?.stop()
  }

  setPeers(peers: readonly Peer[]): void {
    if (this.#isStopped) return
    const wanted = new Map(peers.map((peer) => [peer.key, peer.addresses]))
    wanted.delete(this.key)
    for (const [key, link] of this.#links) {
      if (wanted.has(key)) continue
      this.#links.delete(key)
      this.#addressTexts.delete(key)
      this.#homes.delete(key)
      this.#origins.delete(key)
      void link.close()
      link.cutConnections('left the set')
    }
    for (const [key, addresses] of wanted) this.#setPeer(key, addresses)
  }

  connected(): readonly Address[] {
    return [...this.#links.values()].filter((link) => link.isConnected).map((link) => link.key)
  }

  broadcast(bytes: Uint8Array): void {
    const frame = toFrame(bytes)
    for (const link of this.#links.values()) link.send(frame, 'protocol')
  }

  send(to: Address, bytes: Uint8Array): void {
    this.#links.get(to)?.send(toFrame(bytes), 'protocol')
  }

  sendData(to: Address, bytes: Uint8Array): void {
    this.#links.get(to)?.send(toFrame(bytes), 'data')
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    invariant(this.#starting === null, 'receiver set after start')
    this.#receive = receive
  }

  counters(): TransportCounters {
    return this.#counters.snapshot()
  }

  async #start(): Promise<void> {
    const { clock, listen, logger } = this.#init
    const door = new Door({
      clock,
      isMembers: (host) => this.#isMembers(host),
      onCrowd: () => {
        this.#counters.refuse('crowd')
      },
    })
    const gater = createGater(
      door,
      (key) => this.#links.get(key)?.mayConnect ?? false,
      (peerId) => this.#onStranger(peerId),
      (key, raw) => this.#links.get(key)?.meter(raw),
    )
    try {
      const node = await createNode({
        privateKey: this.#privateKey,
        listen,
        gater,
        limits: this.#limits,
      })
      this.#node = node
      node.addEventListener('connection:open', ({ detail }) => this.#onConnection(detail))
      await node.handle(PROTOCOL, (stream, connection) => this.#onStream(stream, connection), {
        maxInboundStreams: INBOUND_STREAMS_MAX,
      })
      await node.start()
    } catch (cause) {
      throw listenError(listen, cause)
    }
    if (this.#isStopped) return
    this.#isListening = true
    logger.info('transport.listening', { key: this.key, addresses: this.addresses() })
    for (const link of this.#links.values()) link.poke()
  }

  #setPeer(key: Address, addresses: readonly string[]): void {
    const { clock, logger, random = Math.random } = this.#init
    const text = addresses.join(' ')
    if (this.#addressTexts.get(key) === text) return
    this.#addressTexts.set(key, text)
    const usable = dialAddresses(key, addresses)
    this.#homes.set(key, usable.addresses.map(hostOf))
    // length-capped: the text comes from whoever registered the peer
    for (const address of usable.skipped)
      logger.warn('peer.address-skipped', { key, address: address.slice(0, 128) })
    let link = this.#links.get(key)
    if (link === undefined) {
      link = new PeerLink(key, usable.addresses, {
        clock,
        logger,
        random,
        limits: this.#limits,
        counters: this.#counters,
        dial: (targets, signal) => this.#dial(targets, signal),
        deliver: (from, body) => this.#deliver(from, body),
      })
      this.#links.set(key, link)
    } else {
      link.setAddresses(usable.addresses)
    }
    if (this.#isListening) link.poke()
  }

  #dial(targets: readonly Multiaddr[], signal: AbortSignal): Promise<Connection> {
    invariant(this.#node !== null, 'dial before start')
    return this.#node.dial([...targets], { signal })
  }

  #onConnection(connection: Connection): void {
    const key = addressFromPeerId(connection.remotePeer)
    const link = key === null ? undefined : this.#links.get(key)
    // the set may have changed between the gater and here
    if (key === null || link === undefined) {
      connection.abort(new Error('not in the set'))
      return
    }
    this.#origins.set(key, hostOf(connection.remoteAddr))
    link.addConnection(connection)
  }

  #isMembers(host: Host): boolean {
    for (const homes of this.#homes.values()) if (homes.includes(host)) return true
    return [...this.#origins.values()].includes(host)
  }

  #onStream(stream: Stream, connection: Connection): void {
    const key = addressFromPeerId(connection.remotePeer)
    const link = key === null ? undefined : this.#links.get(key)
    if (link === undefined) stream.abort(new Error('not in the set'))
    else link.addInbound(stream)
  }

  #deliver(from: Address, body: Uint8Array): void {
    this.#counters.framesReceived += 1
    this.#counters.bytesReceived += body.length
    this.#receive(from, body)
  }

  #onStranger(peerId: PeerId): void {
    const key = addressFromPeerId(peerId)
    // an isolated peer that knocks again is counted as what it is
    if (key !== null && this.#links.has(key)) return
    this.#counters.refuse('stranger')
    const nowMs = this.#init.clock.nowMs()
    if (nowMs - this.#strangerLoggedAtMs < STRANGER_LOG_MS) return
    this.#strangerLoggedAtMs = nowMs
    this.#init.logger.warn('stranger.refused', { peerId: peerId.toString(), key })
  }
}

function toFrame(bytes: Uint8Array): Uint8Array {
  invariant(bytes.length >= 1 && bytes.length <= FRAME_BYTES_MAX, `frame of ${bytes.length} bytes`)
  return encodeFrame(bytes)
}
