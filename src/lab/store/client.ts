import { NO_CLOCK, later } from '../../services/store/versions.ts'
import type { Clock } from '../../services/store/versions.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { Random } from '../../faults/random.ts'
import type { Ask, Reply } from './copy.ts'
import type { StoreWorld } from './world.ts'

/** Keys that all clients write to, each in its turn. */
const SHARED = 4
const TRY_MS = 700
const AGAIN_MS = 50
const VALUE_BYTES = 100

export interface Acknowledged {
  readonly key: string
  readonly client: MemberIndex
  readonly begunMs: number
  readonly atMs: number
}

export interface ClientInit {
  readonly world: StoreWorld
  /** Node that it is beside. */
  readonly beside: MemberIndex
  readonly number: number
  readonly isStrong: boolean
  readonly thinkMs: number
  readonly random: Random
  readonly acknowledged: (write: Acknowledged) => void
  /** A key of which it found several values, which it has replaced by one. */
  readonly merged: (key: string) => void
}

/** A client that writes one thing at a time, over failures: keys of its own, each once, and now and then one that all share. */
export class StoreClient {
  readonly #init: ClientInit
  #target: MemberIndex
  #session: number | null
  #seq = 0
  #turn = 0
  #seen: Clock = NO_CLOCK
  #isStopped = false

  constructor(init: ClientInit) {
    this.#init = init
    this.#target = init.beside
    this.#session = init.isStrong ? null : 0
  }

  start(): void {
    if (this.#session === null)
      this.#ask({ kind: 'session' }, (reply) => {
        this.#session = reply.session
        this.#next()
      })
    else this.#next()
  }

  stop(): void {
    this.#isStopped = true
  }

  #next(): void {
    if (this.#isStopped) return
    const { world, thinkMs, random } = this.#init
    this.#turn += 1
    const next = (): void =>
      world.later(thinkMs === 0 ? 0 : thinkMs * (0.5 + random.fraction()), () => this.#next())
    if (this.#turn % 5 === 0) this.#change(`shared ${(this.#turn / 5) % SHARED}`, next)
    else this.#write(`${this.#init.number} ${this.#turn}`, NO_CLOCK, next)
  }

  /** @param context of the key, as far as it is known */
  #write(key: string, context: Clock, next: () => void): void {
    const { world, beside, acknowledged } = this.#init
    const begunMs = world.nowMs
    this.#ask(this.#put(key, context), () => {
      acknowledged({ key, client: beside, begunMs, atMs: world.nowMs })
      next()
    })
  }

  /** Reads a shared key, and replaces all that it has read. */
  #change(key: string, next: () => void): void {
    this.#ask({ kind: 'get', key, after: this.#seen }, ({ values, context }) => {
      if (values.length > 1) this.#init.merged(key)
      this.#write(key, context, next)
    })
  }

  #put(key: string, context: Clock): Ask {
    this.#seq += 1
    const id = this.#init.isStrong ? { session: this.#session ?? 0, seq: this.#seq } : null
    const value = new Uint8Array(VALUE_BYTES)
    new DataView(value.buffer).setUint32(0, this.#init.number)
    new DataView(value.buffer).setUint32(4, this.#seq)
    return { kind: 'put', key, value, id, context, after: this.#seen }
  }

  /** Asks until somebody does it. */
  #ask(ask: Ask, done: (reply: Reply & { readonly code: 'ok' }) => void): void {
    const { world, beside, random } = this.#init
    if (this.#isStopped) return
    let isOpen = true
    const again = (ms: number, target: MemberIndex): void => {
      if (!isOpen) return
      isOpen = false
      this.#target = target
      world.later(ms, () => this.#ask(ask, done))
    }
    const other = (): MemberIndex => random.int(0, world.hosts.length - 1)
    world.ask(beside, this.#target, ask, (reply) => {
      if (!isOpen) return
      if (reply.code === 'elsewhere') {
        const hint = world.seatOf(reply.primary)
        again(hint === null ? AGAIN_MS : 0, hint ?? other())
      } else if (reply.code === 'refused') again(AGAIN_MS, this.#init.isStrong ? this.#target : other())
      else {
        isOpen = false
        this.#seen = later(this.#seen, reply.clock)
        done(reply)
      }
    })
    world.later(TRY_MS, () => again(0, other()))
  }
}
