import type { Clock } from '../../ports/clock.ts'
import type { Address } from '../../types/ids.ts'
import type { Counters } from '../wire/counters.ts'
import { PACE_COST_FRAME_BYTES, reserveOf } from '../wire/flow.ts'
import type { Lane } from '../wire/flow.ts'
import { Outbox } from '../wire/outbox.ts'
import type { Limits } from './limits.ts'
import type { PeerLink } from './peer-link.ts'

interface Waiting {
  readonly to: Address | 'everybody'
  readonly body: Uint8Array
  readonly length: number
}

export interface OutgoingComponents {
  readonly clock: Clock
  readonly limits: Limits
  readonly counters: Counters
  /** The connected ones among whom a frame is for. */
  readonly connected: (to: Address | 'everybody') => readonly PeerLink[]
  readonly isWritable: () => boolean
  /** Seals and publishes; false: it is lost. */
  readonly publish: (to: Address | 'everybody', body: Uint8Array) => boolean
}

/** Frames on their way to the broker: in order, bounded, and at a pace that no receiver takes for a flood. */
export class Outgoing {
  readonly #with: OutgoingComponents
  readonly #outbox: Outbox<Waiting>
  #cancelPacing: (() => void) | null = null

  constructor(components: OutgoingComponents) {
    this.#with = components
    const { outboxFramesMax, outboxBytesMax } = components.limits
    this.#outbox = new Outbox(outboxFramesMax, outboxBytesMax)
  }

  push(to: Address | 'everybody', bytes: Uint8Array, lane: Lane): void {
    // a copy: the sender may use its buffer again (`slice` of a Buffer would be a view)
    this.#drop(this.#outbox.push({ to, body: new Uint8Array(bytes), length: bytes.length }, lane))
    // data may be waiting for what the protocol need not wait for
    if (lane === 'protocol') this.#endPacing()
    this.pump()
  }

  /** Publishes what the broker and the pace allow. */
  pump(): void {
    const { clock, connected, counters, isWritable, limits, publish } = this.#with
    while (this.#cancelPacing === null && isWritable()) {
      const next = this.#outbox.next()
      if (next === null) return
      const { to, body } = next.frame
      const targets = connected(to)
      const costBytes = body.length + PACE_COST_FRAME_BYTES
      const needBytes = costBytes + reserveOf(next.lane, limits)
      const waitMs = Math.max(
        0,
        ...targets.map(({ pace }) => (pace.has(needBytes) ? 0 : pace.waitMs(needBytes))),
      )
      if (waitMs > 0) {
        this.#cancelPacing = clock.after(waitMs, () => {
          this.#cancelPacing = null
          this.pump()
        })
        return
      }
      this.#outbox.shift()
      if (targets.length === 0 || !publish(to, body)) {
        counters.framesDropped += Math.max(1, targets.length)
        continue
      }
      for (const { pace } of targets) pace.take(costBytes)
      counters.framesSent += targets.length
      counters.bytesSent += targets.length * body.length
    }
  }

  /** Loses everything: what waited for a broker that is gone is old news. */
  clear(): void {
    this.#endPacing()
    this.#drop(this.#outbox.clear())
  }

  #endPacing(): void {
    this.#cancelPacing?.()
    this.#cancelPacing = null
  }

  #drop(dropped: readonly Waiting[]): void {
    for (const { to } of dropped)
      this.#with.counters.framesDropped += Math.max(1, this.#with.connected(to).length)
  }
}
