import type { Clock } from '../ports/clock.ts'
import { arrived, lived, phi, silenceMs, watched } from '../services/health/phi.ts'
import type { Arrivals, LivedTime } from '../services/health/phi.ts'
import type { Address } from '../types/ids.ts'
import type { Channel } from './channel.ts'
import { RoundTrips } from './round-trips.ts'

/** What this node has seen of a peer. */
export interface PeerView {
  /** ‰ */
  readonly phi: number
  readonly silenceMs: number
  /** Null: not measured yet. */
  readonly link: { readonly latencyMs: number; readonly loss: number } | null
}

interface Watched {
  /** Tasks that want it. */
  wanted: number
  arrivals: Arrivals
  readonly trips: RoundTrips
}

/** Often enough that a step of lived time is not cut short while the process runs well. */
const LOOK_MS = 100
const PING_MS = 1_000
/** A step so long is a stall. */
const STALL_MS = 250

/**
 * Watches peers by everything that they send, and pings them. Time is what the own event loop has lived through: a stall of
 * this process makes nobody silent.
 */
export class PeerWatch {
  readonly #clock: Clock
  readonly #channel: Channel
  readonly #peers = new Map<Address, Watched>()
  #time: LivedTime
  #stalls = 0
  #pingDueMs = 0
  #stopLooking: (() => void) | null = null

  constructor(clock: Clock, channel: Channel) {
    this.#clock = clock
    this.#channel = channel
    this.#time = { livedMs: 0, seenAtMs: Math.floor(clock.nowMs()) }
    channel.onHeard((from) => this.#heard(from))
    channel.onTopic('ping', (from, body) => {
      if (body.length === 4 && this.#peers.has(from)) channel.sendTopic('pong', from, body)
    })
    channel.onTopic('pong', (from, body) => this.#pong(from, body))
  }

  /** From now on, until the returned function is called; several may watch one peer. */
  watch(keys: readonly Address[]): () => void {
    const wanted = keys.filter((key) => key !== this.#channel.key)
    if (this.#stopLooking === null && wanted.length > 0) {
      // nobody has looked meanwhile: that time was not lived
      this.#time = { ...this.#time, seenAtMs: Math.floor(this.#clock.nowMs()) }
      this.#stopLooking = this.#clock.every(LOOK_MS, () => this.#look())
    }
    for (const key of wanted) {
      const peer = this.#peers.get(key)
      if (peer !== undefined) peer.wanted += 1
      else
        this.#peers.set(key, {
          wanted: 1,
          arrivals: watched(this.#time.livedMs),
          trips: new RoundTrips(),
        })
    }
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      for (const key of wanted) this.#release(key)
    }
  }

  /** Null: it is not watched. */
  view(key: Address): PeerView | null {
    const peer = this.#peers.get(key)
    if (peer === undefined) return null
    this.#advance()
    const { livedMs } = this.#time
    const { arrivals, trips } = peer
    return { phi: phi(arrivals, livedMs), silenceMs: silenceMs(arrivals, livedMs), link: trips.view() }
  }

  #release(key: Address): void {
    const peer = this.#peers.get(key)
    if (peer === undefined) return
    peer.wanted -= 1
    if (peer.wanted === 0) this.#peers.delete(key)
    if (this.#peers.size > 0) return
    this.#stopLooking?.()
    this.#stopLooking = null
  }

  #heard(from: Address): void {
    const peer = this.#peers.get(from)
    if (peer !== undefined) peer.arrivals = arrived(peer.arrivals, this.#time.livedMs)
  }

  #look(): void {
    this.#advance()
    const { livedMs } = this.#time
    for (const { trips, arrivals } of this.#peers.values()) trips.giveUp(livedMs, arrivals.lastMs)
    if (livedMs < this.#pingDueMs) return
    this.#pingDueMs = livedMs + PING_MS
    for (const key of this.#channel.connected()) this.#ping(key)
  }

  #advance(): void {
    const nowMs = Math.floor(this.#clock.nowMs())
    if (nowMs - this.#time.seenAtMs > STALL_MS) this.#stalls += 1
    this.#time = lived(this.#time, nowMs)
  }

  #ping(key: Address): void {
    const sentLivedMs = this.#time.livedMs
    const seq = this.#peers
      .get(key)
      ?.trips.sent({ sentMs: this.#clock.nowMs(), sentLivedMs, stalls: this.#stalls })
    if (seq === undefined) return
    const body = new Uint8Array(4)
    new DataView(body.buffer).setUint32(0, seq)
    this.#channel.sendTopic('ping', key, body)
  }

  #pong(from: Address, body: Uint8Array): void {
    if (body.length !== 4) return
    const seq = new DataView(body.buffer, body.byteOffset, 4).getUint32(0)
    this.#peers.get(from)?.trips.answered(seq, this.#clock.nowMs(), this.#stalls)
  }
}
