import type { VirtualClock } from '../adapters/memory/clock.ts'
import type { Counted } from './compare-report.ts'
import { Meter } from './meter.ts'
import type { Instant } from './meter.ts'
import type { LogEntry } from './provider-wire.ts'
import type { Provider, SendAnswer, Session } from './sender.ts'

export const WINDOW_MS = 1_000
const STEP_MS = 10

/** A provider in this process and in virtual time: the real meter, no network. */
export class LocalProvider implements Provider {
  readonly meter: Meter
  readonly log: LogEntry[] = []
  #firstWindow: number | null = null

  constructor(clock: VirtualClock, budget: number) {
    this.meter = new Meter({ budget, windowMs: WINDOW_MS, nowMs: () => clock.nowMs() })
  }

  get firstWindow(): number {
    return this.#firstWindow ?? 0
  }

  async session(_name: string, next: number): Promise<Session> {
    await Promise.resolve()
    const now = this.meter.now()
    this.#firstWindow ??= now.window + 2 - next
    return { ...now, windowMs: WINDOW_MS, firstWindow: this.#firstWindow }
  }

  async send(request: Parameters<Provider['send']>[0]): Promise<SendAnswer> {
    await Promise.resolve()
    const { id, tokens, window } = request
    const now: Instant = this.meter.now()
    const { kind } = this.meter.take(Number(tokens), window)
    if (kind === 'served') this.log.push({ seq: this.log.length + 1, id, tokens: Number(tokens), ...now })
    return { kind, ...now }
  }

  counted(windows: number): Counted {
    const { firstWindow } = this
    const usage = this.meter.usage(firstWindow, firstWindow + windows - 1)
    return { windows: usage, log: this.log, firstWindow, windowMs: WINDOW_MS }
  }
}

/** Moves virtual time until the promise is settled, letting everything that is due happen in between. */
export async function runUntil<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const settled = promise.finally(() => (isSettled = true))
  settled.catch(() => undefined)
  while (!isSettled) {
    clock.advance(STEP_MS)
    await new Promise((resolve) => setImmediate(resolve))
  }
  return settled
}

/** Moves virtual time on by `ms`. */
export async function passTime(clock: VirtualClock, ms: number): Promise<void> {
  await runUntil(clock, pause(clock, ms))
}

/** Resolves when the clock has gone on by `ms`. */
export function pause(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.after(ms, () => resolve()))
}
