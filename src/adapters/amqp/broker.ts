import type { Socket } from 'node:net'
import { connect } from 'amqplib'
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Address } from '../../types/ids.ts'
import { backoffMs } from '../wire/backoff.ts'
import { brokerError } from './broker-error.ts'
import { brokerName } from './broker-url.ts'
import type { BrokerUrl } from './broker-url.ts'
import { HEARTBEAT_S, PREFETCH, QUEUE } from './limits.ts'
import type { Limits } from './limits.ts'

export interface BrokerInit {
  readonly url: BrokerUrl
  /** Begins the name of every exchange and queue. */
  readonly namespace: string
  readonly key: Address
  readonly limits: Limits
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  /** The broker is open and every binding stands. */
  readonly onOpen: () => void
  readonly onLost: () => void
  /** It takes frames again. */
  readonly onWritable: () => void
  readonly onFrame: (bytes: Uint8Array) => void
  /** A frame for this key came back: it has no queue. */
  readonly onAbsent: (key: Address) => void
}

interface Session {
  readonly model: ChannelModel
  readonly inbound: Channel
  readonly outbound: Channel
}

const EXCHANGE = { durable: false, autoDelete: false }

/**
 * The node's one connection to a broker, kept open for ever (AMQP 0-9-1):
 *
 * - exchange `<namespace>.direct`, direct: one peer by the routing key, its address;
 * - exchange `<namespace>.from.<key>`, fanout, one per sender: a receiver binds those of its peers and hears nobody else;
 * - queue `<namespace>.<key>`, one per node, exclusive, gone with the connection.
 */
export class Broker {
  readonly name: string
  readonly #init: BrokerInit
  /** Whose broadcasts the queue is bound to, now and after every reconnection. */
  readonly #heard = new Set<Address>()
  #session: Session | null = null
  #isFull = false
  #isBlocked = false
  #isClosed = false
  #attempt = 0
  #cancelRetry: (() => void) | null = null

  constructor(init: BrokerInit) {
    this.#init = init
    this.name = brokerName(init.url)
  }

  get isWritable(): boolean {
    return this.#session !== null && !this.#isFull && !this.#isBlocked
  }

  /** @throws RsdpError E_BROKER_UNREACHABLE, E_BROKER_REFUSED, E_ADDR_IN_USE */
  async start(): Promise<void> {
    try {
      await this.#open()
    } catch (cause) {
      throw brokerError(this.name, this.#init.key, cause)
    }
  }

  /** Resolves when the last frames have left, or the broker takes none. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#cancelRetry?.()
    const session = this.#session
    this.#session = null
    if (session === null) return
    let cancel = (): void => undefined
    const late = new Promise<undefined>((resolve) => {
      cancel = this.#init.clock.after(this.#init.limits.closeDeadlineMs, () => resolve(undefined))
    })
    await Promise.race([ended(session), late])
    cancel()
    // a broker that is blocked or stopped answers no end: the socket's own fault is what amqplib ends a connection for
    socketOf(session.model).destroy(new Error('the broker takes nothing any more'))
  }

  /**
   * Binds the queue to what is sent to this node and to a peer's broadcasts, as often as it is called. Resolves when that
   * holds, or when it will after the next reconnection.
   */
  async hear(key: Address): Promise<void> {
    this.#heard.add(key)
    await this.#change((channel) => this.#bind(channel, key))
  }

  async unhear(key: Address): Promise<void> {
    this.#heard.delete(key)
    await this.#change((channel) => channel.unbindQueue(this.#queue, this.#from(key), ''))
  }

  /** Hands a frame to the broker; false: it is lost. */
  publish(to: Address | 'everybody', bytes: Uint8Array): boolean {
    const { namespace, key } = this.#init
    if (this.#session === null || this.#isBlocked) return false
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const { outbound } = this.#session
    try {
      // false says: taken, but no more for now
      const isReady =
        to === 'everybody'
          ? outbound.publish(this.#from(key), '', content)
          : outbound.publish(`${namespace}.direct`, to, content, { mandatory: true })
      if (!isReady) this.#isFull = true
      return true
    } catch {
      return false // the channel is closed, which is told on its own
    }
  }

  get #queue(): string {
    return `${this.#init.namespace}.${this.#init.key}`
  }

  #from(key: Address): string {
    return `${this.#init.namespace}.from.${key}`
  }

  async #open(): Promise<void> {
    const { url, limits } = this.#init
    const model = await connect(
      {
        protocol: url.isTls ? 'amqps' : 'amqp',
        hostname: url.hostname,
        port: url.port,
        username: url.username,
        password: url.password,
        vhost: url.vhost,
        heartbeat: HEARTBEAT_S,
      },
      { timeout: limits.openDeadlineMs, noDelay: true, servername: url.hostname },
    )
    // what goes wrong ends in `close`
    model.on('error', () => undefined)
    let session: Session
    try {
      session = await this.#declare(model)
    } catch (cause) {
      await model.close().catch(() => undefined)
      throw cause
    }
    if (this.#isClosed) {
      await model.close().catch(() => undefined)
      return
    }
    this.#adopt(session)
  }

  async #declare(model: ChannelModel): Promise<Session> {
    const { namespace, key, onFrame } = this.#init
    const inbound = await model.createChannel()
    const outbound = await model.createChannel()
    let fault: unknown = null
    for (const channel of [inbound, outbound]) channel.on('error', (error) => (fault ??= error))
    try {
      await inbound.assertExchange(`${namespace}.direct`, 'direct', EXCHANGE)
      await inbound.assertExchange(this.#from(key), 'fanout', EXCHANGE)
      await inbound.assertQueue(this.#queue, {
        exclusive: true,
        durable: false,
        maxLength: QUEUE.frames,
        messageTtl: QUEUE.frameMs,
        arguments: { 'x-max-length-bytes': QUEUE.bytes, 'x-overflow': 'drop-head' },
      })
      await inbound.bindQueue(this.#queue, `${namespace}.direct`, key)
      for (const peer of this.#heard) await this.#bind(inbound, peer)
      await inbound.prefetch(PREFETCH)
      await inbound.consume(this.#queue, (message) => this.#onMessage(model, inbound, message, onFrame), {
        exclusive: true,
      })
    } catch (cause) {
      throw fault ?? cause
    }
    return { model, inbound, outbound }
  }

  async #bind(channel: Channel, key: Address): Promise<void> {
    const direct = `${this.#init.namespace}.direct`
    await channel.assertExchange(direct, 'direct', EXCHANGE)
    await channel.bindQueue(this.#queue, direct, this.#init.key)
    await channel.assertExchange(this.#from(key), 'fanout', EXCHANGE)
    await channel.bindQueue(this.#queue, this.#from(key), '')
  }

  #adopt(session: Session): void {
    const { logger, onOpen, onWritable, onAbsent } = this.#init
    const { model, inbound, outbound } = session
    this.#session = session
    this.#isFull = false
    this.#isBlocked = false
    this.#attempt = 0
    model.on('blocked', (reason) => {
      this.#isBlocked = true
      logger.warn('broker.blocked', { broker: this.name, reason: reason.slice(0, 128) })
    })
    model.on('unblocked', () => {
      this.#isBlocked = false
      logger.info('broker.unblocked', { broker: this.name })
      onWritable()
    })
    outbound.on('drain', () => {
      this.#isFull = false
      onWritable()
    })
    outbound.on('return', ({ fields }) => onAbsent(fields.routingKey as Address))
    for (const channel of [inbound, outbound])
      channel.on('close', () => void model.close().catch(() => undefined))
    model.on('close', () => this.#onClose(session))
    logger.info('broker.open', { broker: this.name, heard: this.#heard.size })
    onOpen()
  }

  #onMessage(
    model: ChannelModel,
    channel: Channel,
    message: ConsumeMessage | null,
    onFrame: (bytes: Uint8Array) => void,
  ): void {
    // the broker has taken the queue away
    if (message === null) {
      void model.close().catch(() => undefined)
      return
    }
    channel.ack(message)
    if (!this.#isClosed) onFrame(message.content)
  }

  #onClose(session: Session): void {
    if (this.#session !== session) return
    this.#session = null
    this.#init.logger.warn('broker.lost', { broker: this.name })
    this.#init.onLost()
    this.#retry()
  }

  #retry(): void {
    const { clock, limits, random } = this.#init
    if (this.#isClosed) return
    const waitMs = backoffMs(this.#attempt, limits.backoffMsMin, limits.backoffMsMax, random())
    this.#attempt += 1
    this.#cancelRetry = clock.after(waitMs, () => {
      this.#open().catch((cause: unknown) => {
        // of a series of failures only the first is logged
        if (this.#attempt === 1)
          this.#init.logger.warn('broker.unreachable', {
            broker: this.name,
            cause: brokerError(this.name, this.#init.key, cause),
          })
        this.#retry()
      })
    })
  }

  /** Changes a binding. A connection on which that fails is closed: the next one begins with all of them. */
  async #change(change: (channel: Channel) => Promise<unknown>): Promise<void> {
    const session = this.#session
    if (session === null) return
    try {
      await change(session.inbound)
    } catch {
      await session.model.close().catch(() => undefined)
    }
  }
}

/** Ends a connection after what was written to it. */
async function ended({ model, outbound }: Session): Promise<void> {
  const closed = new Promise((resolve) => model.once('close', resolve))
  // the end of a connection overtakes what waits in a channel, that of the channel comes after it
  await outbound.close().catch(() => undefined)
  await model.close().catch(() => undefined)
  await closed
}

/** The socket of a connection, which amqplib has and does not name in its types. */
function socketOf({ connection }: ChannelModel): Socket {
  return (connection as typeof connection & { readonly stream: Socket }).stream
}
