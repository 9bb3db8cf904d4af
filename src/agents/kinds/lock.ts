import { LockHost } from '../../services/transactions/lock-host.ts'
import type { Settled, Stamps } from '../../services/transactions/lock-host.ts'
import { decodeLockAsk, encodeLockAnswer } from '../../services/transactions/lock-wire.ts'
import type { SaidWait } from '../../services/transactions/slice.ts'
import { lockAnswer } from '../../types/lock-request.ts'
import type { LockAnswer } from '../../types/lock-request.ts'
import type { Assignment, Copy, CopyInit, ServiceKind } from '../kind.ts'

/** How long a request waits for its lock before it is told to ask again, ms. */
const WAIT_MS = 4_000
const LOOK_MS = 1_000

/**
 * Locks of transactions. Waits are reported to the members, who agree on which transactions give way.
 *
 * @param unixMs Unix time, ms
 */
export function lockKind(unixMs: () => number): ServiceKind {
  // waits of an earlier run have smaller stamps: none of this one is taken for one of them
  const stamps: Stamps = { last: Math.floor(unixMs() / 1000) % 2 ** 31 }
  return {
    kind: 'lock',
    open: (init) => Promise.resolve(new LockCopy(init, stamps, unixMs)),
  }
}

class LockCopy implements Copy {
  readonly #init: CopyInit
  readonly #stamps: Stamps
  readonly #unixMs: () => number
  readonly #stopLooking: () => void
  readonly #waiting = new Map<number, (answer: LockAnswer) => void>()
  /** Null: it does not lead, or not since a height that was decided after its start. No other copy led at that height. */
  #host: LockHost | null = null
  #height: number
  #isDraining = false
  #requests = 0
  #served = 0

  constructor(init: CopyInit, stamps: Stamps, unixMs: () => number) {
    this.#init = init
    this.#stamps = stamps
    this.#unixMs = unixMs
    this.#height = init.assignment.height
    this.#stopLooking = init.clock.every(LOOK_MS, () => {
      if (this.#host !== null) this.#settle(this.#host.expire(init.clock.nowMs()))
    })
  }

  assigned({ height, victims, primary, self }: Assignment): void {
    // at heights that it has missed, another copy may have led
    if (primary !== self || height > this.#height + 1) this.#forget()
    if (primary === self && height > this.#height) this.#host ??= new LockHost(BigInt(height), this.#stamps)
    this.#height = Math.max(this.#height, height)
    if (this.#host !== null) this.#settle(this.#host.abort(victims))
  }

  receive(): void {
    // there is one copy
  }

  async request(bytes: Uint8Array): Promise<Uint8Array> {
    return encodeLockAnswer(await this.#answer(bytes))
  }

  served(): number {
    return this.#served
  }

  isReady(): boolean {
    return true
  }

  report(): null {
    return null
  }

  waits(): readonly SaidWait[] {
    return this.#host?.waits(this.#unixMs() - this.#init.clock.nowMs()) ?? []
  }

  drain(): Promise<void> {
    this.#isDraining = true
    this.#forget()
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopLooking()
    return this.drain()
  }

  #answer(bytes: Uint8Array): Promise<LockAnswer> {
    const ask = decodeLockAsk(bytes)
    if (ask === null) return Promise.resolve(lockAnswer('bad-request'))
    const host = this.#host
    if (host === null || this.#isDraining) return Promise.resolve(lockAnswer('not-ready'))
    const id = (this.#requests += 1)
    const { answer, settled } = host.ask(id, ask, this.#init.clock.nowMs())
    this.#settle(settled)
    if (answer !== null) {
      this.#served += 1
      return Promise.resolve(answer)
    }
    return new Promise((resolve) => {
      const stopWaiting = this.#init.clock.after(WAIT_MS, () => {
        host.letGo(id)
        end(lockAnswer('waiting'))
      })
      const end = (last: LockAnswer): void => {
        if (!this.#waiting.delete(id)) return
        stopWaiting()
        this.#served += 1
        resolve(last)
      }
      this.#waiting.set(id, end)
    })
  }

  #forget(): void {
    this.#host = null
    for (const end of this.#waiting.values()) end(lockAnswer('not-ready'))
  }

  #settle(settled: readonly Settled[]): void {
    for (const { id, answer } of settled) this.#waiting.get(id)?.(answer)
  }
}
