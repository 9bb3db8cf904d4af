import { SEALED_HEADER_BYTES } from '../../codec/sealed.ts'
import type { Sealed } from '../../codec/sealed.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Address, Hex } from '../../types/ids.ts'
import { backoffMs } from '../wire/backoff.ts'
import { Bucket } from '../wire/bucket.ts'
import type { Counters } from '../wire/counters.ts'
import { FLOOD_COST_FRAME_BYTES } from '../wire/flow.ts'
import { ASKS } from './limits.ts'
import type { Limits } from './limits.ts'
import { ReplayWindow } from './replay-window.ts'
import { decodeSignOfLife, encodeSignOfLife, NO_SESSION } from './sign-of-life.ts'
import type { SignOfLife } from './sign-of-life.ts'

export interface PeerLinkComponents {
  readonly clock: Clock
  readonly logger: Logger
  readonly limits: Limits
  readonly counters: Counters
  readonly random: () => number
  /** 16 random bytes that nobody can guess. */
  readonly nonce: () => Hex
  /** Of this process. */
  readonly session: Hex
  readonly isAuthentic: (frame: Sealed) => boolean
  /** Seals for this peer and publishes; false: it is lost. */
  readonly publish: (kind: 'ask' | 'answer' | 'bye', body: Uint8Array) => boolean
  readonly deliver: (body: Uint8Array) => void
  /** Binds the queue once more: somebody may have deleted the exchanges. */
  readonly hear: () => void
}

/** Questions of which an answer still counts, the newest ones. */
const QUESTIONS_MAX = 32

/** A session of the peer: it answered a nonce of ours, so it is of now. */
interface Opened {
  readonly session: Hex
  readonly window: ReplayWindow
}

/**
 * Everything about one peer of the set. A session of the peer is opened by an answer to a nonce of ours; each of its frames
 * is then taken once. Both ends tell which session of the other they hold: connected is who holds and is held.
 */
export class PeerLink {
  readonly key: Address
  /** What it may be sent now. */
  readonly pace: Bucket
  readonly #with: PeerLinkComponents
  readonly #budget: Bucket
  readonly #asks: Bucket
  #opened: Opened | null = null
  #isHeld = false
  /** Nonces of the questions that may still be answered, the newest last. */
  #nonces: readonly Hex[] = []
  #heardAtMs = 0
  #attempt = 0
  #isReachable = false
  #cancelAsk: (() => void) | null = null
  #cancelIsolation: (() => void) | null = null

  constructor(key: Address, components: PeerLinkComponents) {
    this.key = key
    this.#with = components
    const { clock, limits } = components
    this.pace = new Bucket(clock, limits.paceBytesPerSecond, limits.paceBurstBytes)
    this.#budget = new Bucket(clock, limits.floodBytesPerSecond, limits.floodBurstBytes)
    this.#asks = new Bucket(clock, ASKS.perSecond, ASKS.burst)
  }

  get isConnected(): boolean {
    return this.#isReachable && this.#opened !== null && this.#isHeld
  }

  /** The broker is open and brings this peer's broadcasts: begins to ask. */
  reach(): void {
    this.#isReachable = true
    this.#ask()
  }

  /** The broker is lost. Its sessions stay good: the processes are the same. */
  lose(): void {
    const wasConnected = this.isConnected
    this.#isReachable = false
    this.#isHeld = false
    this.#cancelAsk?.()
    if (wasConnected) this.#log('peer.disconnected')
  }

  /** Ends everything: the peer has left the set, or the transport stops. */
  close(): void {
    if (this.isConnected) this.#with.publish('bye', new Uint8Array(0))
    this.lose()
    this.#opened = null
    this.#cancelIsolation?.()
  }

  /** The broker says that the peer has no queue. */
  absent(): void {
    if (this.#opened === null) return
    this.#forget()
    this.#askLater()
  }

  /** Called now and then: asks a quiet peer, and gives a silent one up. */
  watch(): void {
    if (!this.isConnected) return
    const quietMs = this.#with.clock.nowMs() - this.#heardAtMs
    if (quietMs >= this.#with.limits.silenceMs) this.absent()
    else if (quietMs >= this.#with.limits.askAfterMs) this.#send('ask')
  }

  /** A frame that names this peer as its sender. What is cheap to refuse is refused before the signature is checked. */
  receive(frame: Sealed): void {
    const refusal = this.#refusalOf(frame)
    if (refusal !== null) {
      this.#with.counters.refuse(refusal)
      return
    }
    // from here on it is the peer's own doing
    if (!this.#budget.take(SEALED_HEADER_BYTES + frame.body.length + FLOOD_COST_FRAME_BYTES)) {
      this.#isolate()
      return
    }
    const isOfOpened = frame.session === this.#opened?.session
    if (isOfOpened) this.#take(frame)
    switch (frame.kind) {
      case 'ask':
        this.#onAsk(frame, isOfOpened)
        return
      case 'answer':
        this.#onAnswer(frame, isOfOpened)
        return
      case 'direct':
      case 'broadcast':
        this.#with.deliver(frame.body)
        return
      case 'bye':
        this.#forget()
        this.#askLater()
    }
  }

  #refusalOf(frame: Sealed): 'flood' | 'replay' | 'unopened' | 'forged' | null {
    if (this.#cancelIsolation !== null) return 'flood'
    const isOfOpened = frame.session === this.#opened?.session
    if (isOfOpened && this.#opened?.window.isFresh(frame.sequence) !== true) return 'replay'
    if (frame.kind === 'answer') {
      const nonce = decodeSignOfLife(frame.body)?.nonce
      if (nonce === undefined || !this.#nonces.includes(nonce)) return 'replay'
    } else if (frame.kind === 'ask') {
      if (!isOfOpened && !this.#asks.take(1)) return 'replay'
    } else if (!isOfOpened) {
      // it has started anew, or this is an old frame of it
      this.#askSoon()
      return 'unopened'
    }
    return this.#with.isAuthentic(frame) ? null : 'forged'
  }

  #onAsk(frame: Sealed, isOfOpened: boolean): void {
    const sign = decodeSignOfLife(frame.body)
    if (sign === null) return
    if (isOfOpened) this.#setHeld(sign)
    this.#send('answer', sign.nonce)
    if (!isOfOpened) this.#ask()
  }

  #onAnswer(frame: Sealed, isOfOpened: boolean): void {
    const sign = decodeSignOfLife(frame.body)
    if (sign === null) return
    this.#nonces = []
    if (!isOfOpened) {
      this.#opened = { session: frame.session, window: new ReplayWindow() }
      this.#take(frame)
    }
    this.#setHeld(sign)
    // it learns from the next question that its session is held
    if (!isOfOpened) this.#ask()
  }

  #take(frame: Sealed): void {
    this.#opened?.window.take(frame.sequence)
    this.#heardAtMs = this.#with.clock.nowMs()
  }

  #setHeld(sign: SignOfLife): void {
    const wasConnected = this.isConnected
    this.#isHeld = sign.held === this.#with.session
    const becameConnected = this.isConnected && !wasConnected
    if (becameConnected) {
      this.#attempt = 0
      this.#cancelAsk?.()
      this.#cancelAsk = null
      this.#log('peer.connected')
    }
  }

  #forget(): void {
    const wasConnected = this.isConnected
    this.#opened = null
    this.#isHeld = false
    if (wasConnected) this.#log('peer.disconnected')
  }

  /** Asks now, and again with growing pauses until the peer is connected. */
  #ask(): void {
    if (!this.#isReachable || this.#cancelIsolation !== null) return
    this.#send('ask')
    if (!this.isConnected) this.#askLater()
  }

  /** Asks, unless it is about to. */
  #askSoon(): void {
    if (this.#cancelAsk === null) this.#askLater()
  }

  #askLater(): void {
    const { clock, limits, random } = this.#with
    this.#cancelAsk?.()
    this.#cancelAsk = null
    if (!this.#isReachable) return
    const waitMs = backoffMs(this.#attempt, limits.backoffMsMin, limits.backoffMsMax, random())
    this.#attempt += 1
    this.#cancelAsk = clock.after(waitMs, () => {
      this.#cancelAsk = null
      this.#ask()
    })
  }

  #send(kind: 'ask' | 'answer', answered?: Hex): void {
    const nonce = answered ?? this.#with.nonce()
    // an answer may take longer than the pause to the next question
    if (kind === 'ask') this.#nonces = [...this.#nonces, nonce].slice(-QUESTIONS_MAX)
    // both ends ask when one of them has connected anew, or hears nothing
    this.#with.hear()
    this.#with.publish(kind, encodeSignOfLife({ nonce, held: this.#opened?.session ?? NO_SESSION }))
  }

  #isolate(): void {
    const { clock, logger, limits, counters } = this.#with
    counters.refuse('flood')
    logger.warn('peer.isolated', { key: this.key, forMs: limits.isolationMs })
    this.#forget()
    this.#cancelIsolation = clock.after(limits.isolationMs, () => {
      this.#cancelIsolation = null
      logger.info('peer.released', { key: this.key })
      this.#ask()
    })
  }

  #log(event: 'peer.connected' | 'peer.disconnected'): void {
    this.#with.logger.info(event, { key: this.key })
  }
}
