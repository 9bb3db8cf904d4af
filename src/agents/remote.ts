import type { Clock } from '../ports/clock.ts'
import type { Address } from '../types/ids.ts'
import type { Channel } from './channel.ts'

/** A service of a line of tasks, which any of its tasks names that both ends were drawn for. */
export interface ServiceName {
  readonly task: bigint
  readonly service: number
}

export interface RemoteInit {
  readonly channel: Channel
  readonly clock: Clock
  /** Handles a request of another member; null: it was not handled, and never will be. */
  readonly handle: (from: Address, name: ServiceName, body: Uint8Array) => Promise<Uint8Array | null>
}

/** `handled` with the reply; `unhandled` for certain; `unknown`: no word came in time. */
export type RemoteReply =
  { readonly outcome: 'handled'; readonly reply: Uint8Array } | { readonly outcome: 'unhandled' | 'unknown' }

/** Longest request and reply, bytes. */
export const REMOTE_BYTES_MAX = 60_000
/** Longer than a copy takes to say that it does not know. */
const PATIENCE_MS = 6_000
/** Requests of one member that are handled at a time; others are not. */
const INBOUND_MAX = 64
const HEAD_BYTES = { request: 14, reply: 5 } as const

interface Waiting {
  readonly to: Address
  readonly end: (reply: RemoteReply) => void
}

/**
 * Requests to the copies on other members, each sent once: `u32 id ‖ u64 task ‖ u16 service ‖ body`, and the reply
 * `u32 id ‖ u8 isHandled ‖ body`. A reply counts only from who was asked.
 */
export class Remote {
  readonly #init: RemoteInit
  readonly #waiting = new Map<number, Waiting>()
  readonly #inbound = new Map<Address, number>()
  #ids = 0

  constructor(init: RemoteInit) {
    this.#init = init
    init.channel.onTopic('request', (from, frame) => void this.#handle(from, frame))
    init.channel.onTopic('reply', (from, frame) => this.#replied(from, frame))
  }

  ask(to: Address, { task, service }: ServiceName, body: Uint8Array): Promise<RemoteReply> {
    const { channel, clock } = this.#init
    const isPossible = body.length <= REMOTE_BYTES_MAX && channel.connected().includes(to)
    if (!isPossible) return Promise.resolve({ outcome: 'unhandled' })
    const id = (this.#ids = (this.#ids + 1) % 2 ** 32)
    const frame = new Uint8Array(HEAD_BYTES.request + body.length)
    const view = new DataView(frame.buffer)
    view.setUint32(0, id)
    view.setBigUint64(4, task)
    view.setUint16(12, service)
    frame.set(body, HEAD_BYTES.request)
    return new Promise((resolve) => {
      const stopWaiting = clock.after(PATIENCE_MS, () => end({ outcome: 'unknown' }))
      const end = (reply: RemoteReply): void => {
        if (!this.#waiting.delete(id)) return
        stopWaiting()
        resolve(reply)
      }
      this.#waiting.set(id, { to, end })
      channel.sendTopic('request', to, frame)
    })
  }

  /** Whoever waits gets no word. */
  stop(): void {
    for (const { end } of this.#waiting.values()) end({ outcome: 'unknown' })
  }

  async #handle(from: Address, frame: Uint8Array): Promise<void> {
    if (frame.length < HEAD_BYTES.request) return
    const view = new DataView(frame.buffer, frame.byteOffset, HEAD_BYTES.request)
    const name = { task: view.getBigUint64(4), service: view.getUint16(12) }
    const running = this.#inbound.get(from) ?? 0
    let reply: Uint8Array | null = null
    if (running < INBOUND_MAX) {
      this.#inbound.set(from, running + 1)
      try {
        reply = await this.#init.handle(from, name, frame.slice(HEAD_BYTES.request))
      } finally {
        const left = (this.#inbound.get(from) ?? 1) - 1
        if (left > 0) this.#inbound.set(from, left)
        else this.#inbound.delete(from)
      }
    }
    const body = reply ?? new Uint8Array()
    const answer = new Uint8Array(HEAD_BYTES.reply + body.length)
    new DataView(answer.buffer).setUint32(0, view.getUint32(0))
    answer[4] = reply === null ? 0 : 1
    answer.set(body, HEAD_BYTES.reply)
    this.#init.channel.sendTopic('reply', from, answer)
  }

  #replied(from: Address, frame: Uint8Array): void {
    if (frame.length < HEAD_BYTES.reply) return
    const id = new DataView(frame.buffer, frame.byteOffset, 4).getUint32(0)
    const waiting = this.#waiting.get(id)
    if (waiting?.to !== from) return
    waiting.end(
      frame[4] === 1
        ? { outcome: 'handled', reply: frame.slice(HEAD_BYTES.reply) }
        : { outcome: 'unhandled' },
    )
  }
}
