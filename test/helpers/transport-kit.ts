import { parseBrokerUrl } from '../../src/adapters/amqp/broker-url.ts'
import type { Limits as AmqpLimits } from '../../src/adapters/amqp/limits.ts'
import { AmqpTransport } from '../../src/adapters/amqp/transport.ts'
import { createKeyring, recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { privateKeyFromBytes } from '../../src/adapters/libp2p/identity.ts'
import type { Limits } from '../../src/adapters/libp2p/limits.ts'
import { Libp2pTransport } from '../../src/adapters/libp2p/transport.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { Peer, Transport } from '../../src/ports/transport.ts'
import type { Address } from '../../src/types/ids.ts'

/** The machine's own clock. */
export const realClock: Clock = {
  nowMs: () => performance.now(),
  every: (periodMs, callback) => {
    const timer = setInterval(callback, periodMs)
    return () => clearInterval(timer)
  },
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return () => clearTimeout(timer)
  },
}

/** Keeps the names of events instead of writing them. */
export class RecordingLogger implements Logger {
  readonly events: string[] = []
  info(event: string): void {
    this.events.push(event)
  }
  warn(event: string): void {
    this.events.push(event)
  }
  error(event: string): void {
    this.events.push(event)
  }
}

/** A fixed private key per seat; anything but a secret. */
export function seatKey(seat: number): Uint8Array {
  const bytes = new Uint8Array(32).fill(0x11)
  bytes[31] = seat
  return bytes
}

export function seatLibp2pKey(seat: number): ReturnType<typeof privateKeyFromBytes> {
  return privateKeyFromBytes(seatKey(seat))
}

/** A libp2p transport on a loopback port. */
export function createLibp2pTransport(
  seat: number,
  options: { listen?: string; logger?: Logger; limits?: Partial<Limits> } = {},
): Libp2pTransport {
  return new Libp2pTransport({
    privateKey: seatKey(seat),
    listen: [options.listen ?? '/ip4/127.0.0.1/tcp/0'],
    clock: realClock,
    logger: options.logger ?? new RecordingLogger(),
    random: () => 0.5,
    // quick reconnects, so that a test waits for what it tests
    limits: { backoffMsMin: 20, backoffMsMax: 200, ...options.limits },
  })
}

/** An AMQP transport on a broker; one namespace is one network. */
export function createAmqpTransport(
  seat: number,
  options: { broker: string; namespace: string; logger?: Logger; limits?: Partial<AmqpLimits> },
): AmqpTransport {
  return new AmqpTransport({
    broker: parseBrokerUrl(options.broker),
    namespace: options.namespace,
    keyring: createKeyring(seatKey(seat)),
    recover: recoverSigner,
    clock: realClock,
    logger: options.logger ?? new RecordingLogger(),
    random: () => 0.5,
    limits: { backoffMsMin: 20, backoffMsMax: 200, ...options.limits },
  })
}

export interface Received {
  readonly from: Address
  readonly bytes: Uint8Array
}

/** Collects what a transport delivers. Call before `start`. */
export function collect(transport: Transport): Received[] {
  const received: Received[] = []
  transport.onMessage((from, bytes) => received.push({ from, bytes }))
  return received
}

export function peerOf(transport: Transport): Peer {
  return { key: transport.key, addresses: transport.addresses() }
}
