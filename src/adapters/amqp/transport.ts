import { randomBytes } from 'node:crypto'
import { decodeSealed, EVERYBODY, SEALED_HEADER_BYTES } from '../../codec/sealed.ts'
import { toHex } from '../../codec/hex.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Keyring, RecoverSigner } from '../../ports/keyring.ts'
import type { Logger } from '../../ports/logger.ts'
import { FRAME_BYTES_MAX } from '../../ports/transport.ts'
import type { Peer, Transport, TransportCounters } from '../../ports/transport.ts'
import { invariant } from '../../types/errors.ts'
import type { Address, Hex } from '../../types/ids.ts'
import { Counters } from '../wire/counters.ts'
import type { Lane } from '../wire/flow.ts'
import { Broker } from './broker.ts'
import type { BrokerUrl } from './broker-url.ts'
import { DEFAULT_LIMITS } from './limits.ts'
import type { Limits } from './limits.ts'
import { Outgoing } from './outgoing.ts'
import { PeerLink } from './peer-link.ts'
import { Sealer } from './sealer.ts'

export interface AmqpTransportInit {
  readonly broker: BrokerUrl
  /** Begins the name of every exchange and queue, and is sealed into every frame: one per deployment. */
  readonly namespace: string
  /** Signs the seals of frames: digests that no object of the protocol has. */
  readonly keyring: Keyring
  readonly recover: RecoverSigner
  readonly clock: Clock
  readonly logger: Logger
  /** Jitter source, in [0, 1). */
  readonly random?: () => number
  readonly limits?: Partial<Limits>
}

/**
 * Transport over an AMQP 0-9-1 broker (RabbitMQ; paper, section 2: SLAN): a fanout exchange per sender for broadcasts, a
 * direct exchange for one peer, one exclusive queue per node.
 *
 * The broker proves nothing, so every frame is sealed (`codec/sealed.ts`). Guarantees besides the port's: memory per peer is
 * bounded; a frame is delivered once; who floods is isolated for a while; a broker that is down, slow, full or started
 * anew costs frames and nothing else.
 */
export class AmqpTransport implements Transport {
  readonly key: Address
  readonly #init: AmqpTransportInit
  readonly #limits: Limits
  readonly #counters = new Counters()
  readonly #links = new Map<Address, PeerLink>()
  readonly #sealer: Sealer
  readonly #broker: Broker
  readonly #outgoing: Outgoing
  #receive: (from: Address, bytes: Uint8Array) => void = () => undefined
  #state: 'new' | 'running' | 'stopped' = 'new'
  #isOpen = false
  #cancelWatch: (() => void) | null = null

  constructor(init: AmqpTransportInit) {
    const { broker: url, clock, keyring, logger, namespace, random = Math.random } = init
    this.#init = init
    this.key = keyring.address
    this.#limits = { ...DEFAULT_LIMITS, ...init.limits }
    this.#sealer = new Sealer(keyring, init.recover, `${url.vhost}\n${namespace}`, newNonce())
    this.#broker = new Broker({
      url,
      namespace,
      key: this.key,
      limits: this.#limits,
      clock,
      logger,
      random,
      onOpen: () => this.#onOpen(),
      onLost: () => this.#onLost(),
      onWritable: () => this.#outgoing.pump(),
      onFrame: (bytes) => this.#onFrame(bytes),
      onAbsent: (key) => this.#links.get(key)?.absent(),
    })
    this.#outgoing = new Outgoing({
      clock,
      limits: this.#limits,
      counters: this.#counters,
      connected: (to) => this.#targets(to).filter((link) => link.isConnected),
      isWritable: () => this.#broker.isWritable,
      publish: (to, body) =>
        this.#broker.publish(
          to,
          to === 'everybody'
            ? this.#sealer.seal('broadcast', EVERYBODY, body)
            : this.#sealer.seal('direct', to, body),
        ),
    })
  }

  /** None: whoever knows the broker finds a peer by its key. */
  addresses(): readonly string[] {
    return []
  }

  /** @throws RsdpError E_BROKER_UNREACHABLE, E_BROKER_REFUSED, E_ADDR_IN_USE */
  async start(): Promise<void> {
    invariant(this.#state === 'new', 'transport started twice')
    this.#state = 'running'
    await this.#broker.start()
    this.#init.logger.info('transport.listening', { key: this.key, broker: this.#broker.name })
    const periodMs = Math.max(1, this.#limits.askAfterMs / 4)
    this.#cancelWatch = this.#init.clock.every(periodMs, () => {
      for (const link of this.#links.values()) link.watch()
    })
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#cancelWatch?.()
    this.#outgoing.pump()
    for (const link of this.#links.values()) link.close()
    this.#outgoing.clear()
    this.#links.clear()
    await this.#broker.close()
  }

  setPeers(peers: readonly Peer[]): void {
    if (this.#state === 'stopped') return
    const wanted = new Set(peers.map(({ key }) => key))
    wanted.delete(this.key)
    for (const [key, link] of this.#links) {
      if (wanted.has(key)) continue
      link.close()
      this.#links.delete(key)
      void this.#broker.unhear(key)
    }
    for (const key of wanted) if (!this.#links.has(key)) this.#addPeer(key)
  }

  connected(): readonly Address[] {
    return [...this.#links.values()].filter((link) => link.isConnected).map((link) => link.key)
  }

  broadcast(bytes: Uint8Array): void {
    checkSize(bytes)
    this.#counters.framesDropped += this.#links.size - this.connected().length
    if (this.connected().length > 0) this.#outgoing.push('everybody', bytes, 'protocol')
  }

  send(to: Address, bytes: Uint8Array): void {
    this.#send(to, bytes, 'protocol')
  }

  sendData(to: Address, bytes: Uint8Array): void {
    this.#send(to, bytes, 'data')
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    invariant(this.#state === 'new', 'receiver set after start')
    this.#receive = receive
  }

  counters(): TransportCounters {
    return this.#counters.snapshot()
  }

  #send(to: Address, bytes: Uint8Array, lane: Lane): void {
    checkSize(bytes)
    const link = this.#links.get(to)
    if (link === undefined) return
    if (link.isConnected) this.#outgoing.push(to, bytes, lane)
    else this.#counters.framesDropped += 1
  }

  #addPeer(key: Address): void {
    const { clock, logger, random = Math.random } = this.#init
    const link = new PeerLink(key, {
      clock,
      logger,
      random,
      limits: this.#limits,
      counters: this.#counters,
      nonce: newNonce,
      session: this.#sealer.session,
      isAuthentic: (frame) => this.#sealer.isAuthentic(frame),
      publish: (kind, body) => this.#broker.publish(key, this.#sealer.seal(kind, key, body)),
      deliver: (body) => this.#deliver(key, body),
      hear: () => void this.#broker.hear(key),
    })
    this.#links.set(key, link)
    // asks once its broadcasts come in; where the broker is not open yet, `#onOpen` does
    void this.#broker.hear(key).then(() => {
      if (this.#isOpen && this.#links.get(key) === link) link.reach()
    })
  }

  #targets(to: Address | 'everybody'): readonly PeerLink[] {
    if (to === 'everybody') return [...this.#links.values()]
    const link = this.#links.get(to)
    return link === undefined ? [] : [link]
  }

  #onOpen(): void {
    this.#isOpen = true
    for (const link of this.#links.values()) link.reach()
  }

  #onLost(): void {
    this.#isOpen = false
    this.#outgoing.clear()
    for (const link of this.#links.values()) link.lose()
  }

  #onFrame(bytes: Uint8Array): void {
    if (this.#state !== 'running') return
    if (bytes.length > SEALED_HEADER_BYTES + FRAME_BYTES_MAX) {
      this.#counters.refuse('oversized')
      return
    }
    const frame = decodeSealed(bytes)
    if (frame === null) {
      this.#counters.refuse('malformed')
      return
    }
    const link = this.#links.get(frame.sender)
    if (link === undefined) this.#counters.refuse('stranger')
    else link.receive(frame)
  }

  #deliver(from: Address, body: Uint8Array): void {
    if (body.length === 0) return
    this.#counters.framesReceived += 1
    this.#counters.bytesReceived += body.length
    this.#receive(from, body)
  }
}

function newNonce(): Hex {
  return toHex(randomBytes(16))
}

function checkSize(bytes: Uint8Array): void {
  invariant(bytes.length >= 1 && bytes.length <= FRAME_BYTES_MAX, `frame of ${bytes.length} bytes`)
}
