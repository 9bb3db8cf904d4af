import type { Clock } from '../ports/clock.ts'
import type { Instant } from './meter.ts'
import type { Request, RequestQueue } from './request-queue.ts'

/** What a sender needs of a provider. Both calls may reject: the provider cannot be reached. */
export interface Provider {
  /**
   * Where a name's windows begin: the same for everybody who asks with that name. Whoever asks first says which number
   * the provider's next window has. May be called again.
   */
  session(name: string, next: number): Promise<Session>
  /** Asks for service within one window. */
  send(request: {
    readonly id: string
    readonly tokens: bigint
    readonly window: number
  }): Promise<SendAnswer>
}

export interface Session extends Instant {
  readonly windowMs: number
  /** The provider's window that is number 1 of the session. */
  readonly firstWindow: number
}

export interface SendAnswer extends Instant {
  readonly kind: 'served' | 'rejected' | 'stale' | 'impossible'
}

export interface SenderInit {
  readonly provider: Provider
  /** Name of the session: all members that share a budget use the same. */
  readonly session: string
  readonly queue: RequestQueue
  /** Tokens this member may send in a window of the session, 1 is the first. May still grow while the window runs. */
  readonly allowance: (window: number) => bigint
  /** Windows of the session in which it sends; it ends by itself after them. */
  readonly windows: number
  readonly clock: Clock
  /** The provider refused what the allowance of this window covered. */
  readonly refused?: (window: number) => void
}

/** How often the queue is looked at. */
const LOOK_MS = 20
/** Pause after the provider could not be reached. */
const RETRY_MS = 500

/**
 * The member's side of a provider: sends what is queued, oldest first, one at a time, in no window more than its
 * allowance. A request that was refused, or whose fate is unknown because the connection broke, counts as sent.
 * After a 429 the rest of the window is left alone; 412 says that a window has ended meanwhile, and costs nothing.
 */
export class Sender {
  readonly #init: SenderInit
  #session: Session | null = null
  /** The provider's time of session windows minus the own clock, ms. */
  #offsetMs = 0
  #isBusy = false
  #isUp = false
  #retryMs = 0
  #window = 0
  /** In `#window`, the request under way included. */
  #sent = 0n
  #isRefused = false
  /** Latest moment anybody has waited for. */
  #wanted = 1
  #waiters: { readonly windows: number; readonly wake: () => void }[] = []

  constructor(init: SenderInit) {
    this.#init = init
  }

  /** Begins. */
  start(): void {
    const stop = this.#init.clock.every(LOOK_MS, () => {
      if (this.now() >= this.#init.windows) stop()
      void this.#look()
    })
  }

  /** Whether the provider answered when it was last asked. */
  get isUp(): boolean {
    return this.#isUp
  }

  /** Time of the session in windows: 0 at its start, 2.5 in the middle of window 3. Negative before, also if unknown. */
  now(): number {
    if (this.#session === null) return -1
    return (this.#init.clock.nowMs() + this.#offsetMs) / this.#session.windowMs
  }

  /** Tokens sent in a window, the running one or a later one, with the request under way. */
  sentIn(window: number): bigint {
    return window === this.#window ? this.#sent : 0n
  }

  /** Resolves when the session has lasted this many windows; at once while nobody can tell how long it has. */
  reached(windows: number): Promise<void> {
    this.#wanted = Math.max(this.#wanted, windows)
    if (this.now() >= windows) return Promise.resolve()
    return new Promise((wake) => this.#waiters.push({ windows, wake }))
  }

  async #look(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    try {
      if (!this.#isUp) await this.#join()
      while (this.#isUp && (await this.#sendNext()));
    } catch {
      this.#isUp = false
      this.#retryMs = this.#init.clock.nowMs() + RETRY_MS
    } finally {
      this.#isBusy = false
      this.#wake()
    }
  }

  async #join(): Promise<void> {
    const { provider, session, clock } = this.#init
    const askedMs = clock.nowMs()
    if (askedMs < this.#retryMs) return
    // a provider that has started anew continues the numbers that the members are at
    const next = this.#session === null ? this.#wanted : Math.max(1, Math.floor(this.now()) + 2)
    const answer = await provider.session(session, next)
    this.#session = answer
    this.#isUp = true
    this.#setTime(answer, askedMs)
  }

  /** Sends one request; whether it is worth going on. */
  async #sendNext(): Promise<boolean> {
    const { queue, provider, clock } = this.#init
    const now = this.now()
    const window = Math.floor(now) + 1
    queue.arrive(now)
    if (window > this.#window) {
      this.#window = window
      this.#sent = 0n
      this.#isRefused = false
    }
    this.#wake()
    const request = this.#isRefused ? null : queue.next(this.#left(window))
    if (request === null) return false
    const { id, tokens } = request
    this.#sent += tokens
    const askedMs = clock.nowMs()
    const answer = await provider.send({ id, tokens, window: this.#providerWindow(window) })
    this.#setTime(answer, askedMs)
    return this.#settle(request, answer.kind, window)
  }

  #settle(request: Request, kind: SendAnswer['kind'], window: number): boolean {
    const { queue } = this.#init
    switch (kind) {
      case 'served':
        queue.leave(request, 'served')
        return true
      case 'impossible':
        queue.leave(request, 'dropped')
        this.#sent -= request.tokens
        return true
      case 'rejected':
        this.#isRefused = true
        this.#init.refused?.(window)
        return false
      case 'stale':
        this.#sent -= request.tokens
        return false
    }
  }

  /** What is left of the allowance of a window, tokens. */
  #left(window: number): bigint {
    const left = this.#init.allowance(window) - (window === this.#window ? this.#sent : 0n)
    return left > 0n ? left : 0n
  }

  #providerWindow(window: number): number {
    return window + (this.#session?.firstWindow ?? 1) - 1
  }

  /** The answer was made about half way between asking and now. */
  #setTime({ window, elapsedMs }: Instant, askedMs: number): void {
    if (this.#session === null) return
    const { firstWindow, windowMs } = this.#session
    const sessionMs = (window - firstWindow) * windowMs + elapsedMs
    this.#offsetMs = sessionMs - (askedMs + this.#init.clock.nowMs()) / 2
  }

  #wake(): void {
    const now = this.now()
    const due = this.#waiters.filter(({ windows }) => this.#session === null || now >= windows)
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter))
    for (const { wake } of due) wake()
  }
}
