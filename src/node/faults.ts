import { decodeFrame } from '../codec/frames.ts'
import { concatHex, keccak } from '../codec/hex.ts'
import { domainSeparator } from '../codec/objects.ts'
import type { Domain } from '../codec/objects.ts'
import type { Spoken, Strategy } from '../faults/mouth.ts'
import { Mouth } from '../faults/mouth.ts'
import { Random } from '../faults/random.ts'
import type { Clock } from '../ports/clock.ts'
import type { Keyring } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { Peer, Transport } from '../ports/transport.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Address, Digest, MemberIndex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** A seat that this node was drawn for. */
export interface TaskSeat {
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly params: TaskParams
}

export interface FaultyTransportInit {
  readonly link: Transport
  readonly strategies: readonly Strategy[]
  readonly keyring: Keyring
  readonly domain: Domain
  readonly store: Store
  readonly clock: Clock
  readonly logger: Logger
}

interface Speaker {
  readonly cluster: Cluster
  readonly mouth: Mouth
}

/**
 * The transport of a node that misbehaves on purpose: what its tasks send goes through ways to lie, per receiver, signed
 * with the node's key past its sign-once store. What is chance in that follows from the cluster and the key.
 */
export class FaultyTransport implements Transport {
  readonly key: Address
  readonly #init: FaultyTransportInit
  readonly #link: Transport
  readonly #speakers = new Map<Digest, Speaker>()
  readonly #told = new Set<string>()

  constructor(init: FaultyTransportInit) {
    this.#init = init
    this.#link = init.link
    this.key = init.link.key
    init.logger.warn('fault.active', { faults: init.strategies.map(({ name }) => name), key: this.key })
  }

  /** Lies in this task from now on. */
  seated({ cluster, self, params }: TaskSeat): void {
    const { keyring, domain, store, strategies } = this.#init
    const seed = Number.parseInt(keccak(concatHex(cluster.id, keyring.address)).slice(2, 10), 16)
    const mouth = new Mouth({
      self,
      cluster,
      separator: domainSeparator(domain),
      sign: (digest) => keyring.sign(digest),
      dice: new Random(seed),
      phaseMs: params.shareTicks * params.tickMs,
      epochHeights: params.epochHeights,
      log: () => store.load(cluster.id).entries,
      strategies,
      onLie: (fault, height) => this.#tell(fault, height),
    })
    this.#speakers.set(cluster.id, { cluster, mouth })
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

  counters(): ReturnType<Transport['counters']> {
    return this.#link.counters()
  }

  broadcast(bytes: Uint8Array): void {
    for (const peer of this.#link.connected()) this.send(peer, bytes)
  }

  send(to: Address, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    const speaker = frame === null ? undefined : this.#speakers.get(frame.cluster)
    const member = speaker?.cluster.members.find(({ key }) => key === to)
    if (frame === null || speaker === undefined || member === undefined) this.#link.send(to, bytes)
    else this.#post(speaker, speaker.mouth.speak(member.index, frame.parts))
  }

  sendData(to: Address, bytes: Uint8Array): void {
    this.#link.sendData(to, bytes)
  }

  onMessage(receive: (from: Address, bytes: Uint8Array) => void): void {
    this.#link.onMessage((from, bytes) => {
      this.#hear(from, bytes)
      receive(from, bytes)
    })
  }

  #hear(from: Address, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    const speaker = frame === null ? undefined : this.#speakers.get(frame.cluster)
    const member = speaker?.cluster.members.find(({ key }) => key === from)
    if (frame === null || speaker === undefined || member === undefined) return
    this.#post(speaker, speaker.mouth.hear(member.index, frame.parts))
  }

  #post({ cluster }: Speaker, frames: readonly Spoken[]): void {
    for (const { to, bytes, delayMs } of frames) {
      const key = cluster.members[to]?.key
      if (key === undefined || key === this.key) continue
      if (delayMs === 0) this.#link.send(key, bytes)
      else this.#init.clock.after(delayMs, () => this.#link.send(key, bytes))
    }
  }

  /** One line for each misbehaviour and height. */
  #tell(fault: string, height: number): void {
    const line = `${fault}/${String(height)}`
    if (this.#told.has(line)) return
    this.#told.add(line)
    this.#init.logger.warn('fault.acted', { fault, height })
  }
}
