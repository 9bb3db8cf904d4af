import type { Peer, Transport } from '../ports/transport.ts'
import type { Address } from '../types/ids.ts'
import type { EventQueue } from './event-queue.ts'
import type { Random } from '../faults/random.ts'
import type { Scenario } from './scenario.ts'

/** Whoever frames are for: one life of one node. */
export interface Receiver {
  /** False once this life has ended: what was sent to it is lost. */
  readonly isAlive: () => boolean
  readonly receive: (from: Address, bytes: Uint8Array) => void
}

/** Which links are cut: by sender and receiver, as numbers of nodes. */
export type Cut = (from: number, to: number) => boolean

const NO_CUT: Cut = () => false

/** What a network has to know of its world. */
export type NetworkTerms = Pick<Scenario, 'delayMs' | 'loss' | 'duplication' | 'faults'>

/** The network of one world: delays, and every fault that the scenario and the moment allow. */
export class Network {
  readonly #queue: EventQueue
  readonly #random: Random
  readonly #scenario: NetworkTerms
  readonly #receivers = new Map<number, Receiver>()
  readonly #count: (what: string) => void
  /** Whether faults are on. */
  isRough = false
  /** Factor on all delays, while it lasts. */
  spike = 1
  cut: Cut = NO_CUT
  /** Nodes whose line is slow, with what it adds. */
  readonly slow = new Map<number, number>()
  frames = 0
  /** Given every frame, once for each receiver. */
  wire: ((bytes: Uint8Array) => void) | null = null

  constructor(queue: EventQueue, random: Random, scenario: NetworkTerms, count: (what: string) => void) {
    this.#queue = queue
    this.#random = random
    this.#scenario = scenario
    this.#count = count
  }

  attach(node: number, receiver: Receiver): void {
    this.#receivers.set(node, receiver)
  }

  heal(): void {
    this.isRough = false
    this.spike = 1
    this.cut = NO_CUT
    this.slow.clear()
  }

  post(from: number, sender: Address, to: number, bytes: Uint8Array, extraMs = 0): void {
    this.frames += 1
    this.wire?.(bytes)
    if (this.cut(from, to)) return this.#count('frame cut')
    if (this.isRough && this.#random.chance(this.#scenario.loss)) return this.#count('frame lost')
    this.#deliver(from, sender, to, bytes, extraMs)
    if (this.isRough && this.#random.chance(this.#scenario.duplication)) {
      this.#count('frame doubled')
      this.#deliver(from, sender, to, bytes, extraMs + this.#random.int(0, 1_500))
    }
  }

  #deliver(from: number, sender: Address, to: number, bytes: Uint8Array, extraMs: number): void {
    const receiver = this.#receivers.get(to)
    if (receiver === undefined) return
    this.#queue.push(this.#delay(from, to) + extraMs, () => {
      if (receiver.isAlive() && !this.cut(from, to)) receiver.receive(sender, bytes)
    })
  }

  #delay(from: number, to: number): number {
    const { delayMs, faults } = this.#scenario
    const base = delayMs.min === delayMs.max ? delayMs.min : this.#random.int(delayMs.min, delayMs.max)
    if (!this.isRough) return base
    const line = (this.slow.get(from) ?? 0) + (this.slow.get(to) ?? 0)
    const jitter = faults.has('reordering') && this.#random.chance(0.3) ? this.#random.int(0, 800) : 0
    return base * this.spike + line + jitter
  }
}

/** A node's end of the network. */
export function networkTransport(
  self: number,
  key: Address,
  nodeOf: ReadonlyMap<Address, number>,
  post: (to: number, bytes: Uint8Array) => void,
  onMessage: (receive: (from: Address, bytes: Uint8Array) => void) => void,
): Transport {
  let peers: ReadonlySet<Address> = new Set()
  const send = (to: Address, bytes: Uint8Array): void => {
    const node = nodeOf.get(to)
    if (node !== undefined && node !== self && peers.has(to)) post(node, bytes)
  }
  return {
    key,
    addresses: () => [],
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    setPeers: (list: readonly Peer[]) => void (peers = new Set(list.map((peer) => peer.key))),
    connected: () => [...peers],
    broadcast: (bytes) => {
      for (const peer of peers) send(peer, bytes)
    },
    send,
    sendData: send,
    onMessage,
    counters: () => ({
      framesSent: 0,
      framesReceived: 0,
      bytesSent: 0,
      bytesReceived: 0,
      framesDropped: 0,
      refused: {},
    }),
  }
}
