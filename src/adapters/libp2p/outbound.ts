import type { Stream } from '@libp2p/interface'
import type { Clock } from '../../ports/clock.ts'
import { backoffMs } from '../wire/backoff.ts'
import { Bucket } from '../wire/bucket.ts'
import type { Counters } from '../wire/counters.ts'
import { PREFIX_BYTES } from './frame-decoder.ts'
import { PACE_COST_FRAME_BYTES, reserveOf } from '../wire/flow.ts'
import type { Lane } from '../wire/flow.ts'
import { BATCH_BYTES_MAX, CLOSE_DEADLINE_MS, STABLE_STREAM_MS } from './limits.ts'
import type { Limits } from './limits.ts'
import { Outbox } from '../wire/outbox.ts'

export interface OutboundComponents {
  readonly clock: Clock
  readonly limits: Limits
  readonly counters: Counters
  /** Jitter source, in [0, 1). */
  readonly random: () => number
  /** Opens a stream to the peer over any connection; rejects when that fails or the signal is aborted. */
  readonly open: (signal: AbortSignal) => Promise<Stream>
  /** The stream opened (true) or ended (false). */
  readonly onChange: (isOpen: boolean) => void
  /** An attempt failed. */
  readonly onFailure: (cause: unknown) => void
  /** The peer broke a rule of the outbound stream, which is cut already. */
  readonly onFault: (reason: 'stalled' | 'malformed') => void
}

/**
 * The sending half towards one peer: keeps one stream open, for ever, and feeds it from a bounded outbox at a pace
 * that no honest receiver takes for a flood. While there is no stream, frames are dropped: the protocol sends again.
 */
export class Outbound {
  readonly #with: OutboundComponents
  readonly #outbox: Outbox<Uint8Array>
  readonly #pace: Bucket
  readonly #abort = new AbortController()
  #stream: Stream | null = null
  #openedAtMs = 0
  #attempt = 0
  #isOpening = false
  #retryAtOnce = false
  #isPumpQueued = false
  #cancelRetry: (() => void) | null = null
  #cancelPacing: (() => void) | null = null
  #cancelStall: (() => void) | null = null

  constructor(components: OutboundComponents) {
    this.#with = components
    const { clock, limits } = components
    this.#outbox = new Outbox(limits.outboxFramesMax, limits.outboxBytesMax)
    this.#pace = new Bucket(clock, limits.paceBytesPerSecond, limits.paceBurstBytes)
  }

  get isOpen(): boolean {
    return this.#stream !== null
  }

  /** Tries to open the stream now, whatever the backoff says: at the start, and when the peer has just shown up. */
  poke(): void {
    if (this.#abort.signal.aborted || this.#stream !== null) return
    if (this.#isOpening) {
      this.#retryAtOnce = true
      return
    }
    this.#cancelRetry?.()
    this.#cancelRetry = null
    this.#isOpening = true
    void this.#open()
  }

  /** Queues a whole frame with its prefix. Frames of one turn of the event loop leave in one write. */
  send(frame: Uint8Array, lane: Lane): void {
    if (this.#stream === null) {
      this.#with.counters.framesDropped += 1
      return
    }
    this.#with.counters.framesDropped += this.#outbox.push(frame, lane).length
    // data may be waiting for what the protocol need not wait for
    if (lane === 'protocol') this.#endPacing()
    this.#queuePump()
  }

  /** Ends for good, after handing over what the stream still takes; resolves when that has left. Never rejects. */
  async close(): Promise<void> {
    if (this.#abort.signal.aborted) return
    this.#pump()
    this.#abort.abort()
    this.#cancelRetry?.()
    const stream = this.#stream
    this.#forget()
    try {
      await stream?.close({ signal: AbortSignal.timeout(CLOSE_DEADLINE_MS) })
    } catch {
      // a peer that does not take the last bytes in time has lost them; there is nobody to tell
      stream?.abort(new Error('stream did not close'))
    }
  }

  async #open(): Promise<void> {
    const { limits, open, onFailure } = this.#with
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(limits.dialDeadlineMs)])
    try {
      this.#adopt(await open(signal))
    } catch (cause) {
      if (!this.#abort.signal.aborted) onFailure(cause)
    } finally {
      this.#isOpening = false
    }
    if (this.#stream === null) this.#retry()
  }

  #adopt(stream: Stream): void {
    if (this.#abort.signal.aborted || stream.status !== 'open') {
      stream.abort(new Error('no longer wanted'))
      return
    }
    this.#stream = stream
    this.#openedAtMs = this.#with.clock.nowMs()
    this.#retryAtOnce = false
    stream.addEventListener('close', () => {
      if (this.#stream === stream) this.#onEnd()
    })
    stream.addEventListener('drain', () => {
      this.#cancelStall?.()
      this.#cancelStall = null
      this.#queuePump()
    })
    // frames come on streams that the peer has opened; nothing may come back on this one
    stream.addEventListener('message', () => {
      if (this.#stream !== stream) return
      this.#with.onFault('malformed')
      stream.abort(new Error('bytes on a send-only stream'))
    })
    this.#with.onChange(true)
  }

  #onEnd(): void {
    // a peer that accepts streams only to cut them must not reset the backoff
    if (this.#with.clock.nowMs() - this.#openedAtMs >= STABLE_STREAM_MS) this.#attempt = 0
    this.#forget()
    this.#with.onChange(false)
    this.#retry()
  }

  #forget(): void {
    this.#stream = null
    this.#with.counters.framesDropped += this.#outbox.clear().length
    this.#endPacing()
    this.#cancelStall?.()
    this.#cancelStall = null
  }

  #endPacing(): void {
    this.#cancelPacing?.()
    this.#cancelPacing = null
  }

  #retry(): void {
    if (this.#abort.signal.aborted || this.#isOpening) return
    if (this.#retryAtOnce) {
      this.#retryAtOnce = false
      this.poke()
      return
    }
    const { clock, limits, random } = this.#with
    const waitMs = backoffMs(this.#attempt, limits.backoffMsMin, limits.backoffMsMax, random())
    this.#attempt += 1
    this.#cancelRetry?.()
    this.#cancelRetry = clock.after(waitMs, () => {
      this.#cancelRetry = null
      this.poke()
    })
  }

  #queuePump(): void {
    if (this.#isPumpQueued) return
    this.#isPumpQueued = true
    queueMicrotask(() => {
      this.#isPumpQueued = false
      this.#pump()
    })
  }

  #pump(): void {
    const stream = this.#stream
    while (stream !== null && stream === this.#stream && this.#cancelPacing === null) {
      if (stream.writableNeedsDrain) {
        this.#watchStall(stream)
        return
      }
      const batch = this.#nextBatch()
      if (batch.length === 0) return
      try {
        stream.send(batch.length === 1 && batch[0] !== undefined ? batch[0] : Buffer.concat(batch))
      } catch (cause) {
        stream.abort(cause instanceof Error ? cause : new Error('stream refused bytes'))
      }
    }
  }

  /** The next frames that fit into one write and the pace; none when the outbox is empty or has to wait. */
  #nextBatch(): Uint8Array[] {
    const { clock, counters, limits } = this.#with
    const batch: Uint8Array[] = []
    let bytes = 0
    let next = this.#outbox.next()
    while (next !== null && (bytes === 0 || bytes + next.frame.length <= BATCH_BYTES_MAX)) {
      const { frame, lane } = next
      const costBytes = frame.length + PACE_COST_FRAME_BYTES
      const reserve = reserveOf(lane, limits)
      if (!this.#pace.take(costBytes, reserve)) {
        this.#cancelPacing = clock.after(this.#pace.waitMs(costBytes + reserve), () => {
          this.#cancelPacing = null
          this.#pump()
        })
        return batch
      }
      this.#outbox.shift()
      batch.push(frame)
      bytes += frame.length
      counters.framesSent += 1
      counters.bytesSent += frame.length - PREFIX_BYTES
      next = this.#outbox.next()
    }
    return batch
  }

  #watchStall(stream: Stream): void {
    this.#cancelStall ??= this.#with.clock.after(this.#with.limits.writeDeadlineMs, () => {
      this.#cancelStall = null
      if (this.#stream !== stream) return
      this.#with.onFault('stalled')
      stream.abort(new Error('peer takes no bytes'))
    })
  }
}
