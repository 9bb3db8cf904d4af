import type { Clock } from '../../ports/clock.ts'
import type { Address } from '../../types/ids.ts'
import type { Counters } from '../wire/counters.ts'
import { PACE_COST_FRAME_BYTES } from '../wire/flow.ts'
import type { Limits } from './limits.ts'
import type { PeerLink } from './peer-link.ts'

interface Waiting {
  readonly to: Address | 'everybody'
  readonly body: Uint8Array
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
  readonly #waiting: Waiting[] = []
  #bytes = 0
  #cancelPacing: (() => void) | null = null

  constructor(components: OutgoingComponents) {
    this.#with = components
  }

  push(to: Address | 'everybody', bytes: Uint8Array): void {
    const { limits } = this.#with
    // a copy: the sender may use its buffer again (`slice` of a Buffer would be a view)
    this.#waiting.push({ to, body: new Uint8Array(bytes) })
    this.#bytes += bytes.length
    while (this.#waiting.length > limits.outboxFramesMax || this.#bytes > limits.outboxBytesMax) this.#drop()
    this.pump()
  }

  /** Publishes what the broker and the pace allow. */
  pump(): void {
    const { clock, connected, counters, isWritable, publish } = this.#with
    while (this.#cancelPacing === null && isWritable()) {
      const [next] = this.#waiting
      if (next === undefined) return
      const targets = connected(next.to)
      const costBytes = next.body.length + PACE_COST_FRAME_BYTES
      const waitMs = Math.max(
        0,
        ...targets.map(({ pace }) => (pace.has(costBytes) ? 0 : pace.waitMs(costBytes))),
      )
      if (waitMs > 0) {
        this.#cancelPacing = clock.after(waitMs, () => {
          this.#cancelPacing = null
          this.pump()
        })
        return
      }
      this.#shift()
      if (targets.length === 0 || !publish(next.to, next.body)) {
        counters.framesDropped += Math.max(1, targets.length)
        continue
      }
      for (const { pace } of targets) pace.take(costBytes)
      counters.framesSent += targets.length
      counters.bytesSent += targets.length * next.body.length
    }
  }

  /** Loses everything: what waited for a broker that is gone is old news. */
  clear(): void {
    this.#cancelPacing?.()
    this.#cancelPacing = null
    while (this.#waiting.length > 0) this.#drop()
  }

  #drop(): void {
    const dropped = this.#shift()
    if (dropped !== undefined)
      this.#with.counters.framesDropped += Math.max(1, this.#with.connected(dropped.to).length)
  }

  #shift(): Waiting | undefined {
    const first = this.#waiting.shift()
    this.#bytes -= first?.body.length ?? 0
    return first
  }
}
