import { Meter } from '../../../../src/cli/rate-limit/meter.ts'
import type { Instant } from '../../../../src/cli/rate-limit/meter.ts'
import type { Counted } from '../../../../src/cli/rate-limit/compare-report.ts'
import type { LogEntry } from '../../../../src/cli/rate-limit/provider-wire.ts'
import { ProviderSource, WINDOWS_AHEAD } from '../../../../src/cli/rate-limit/provider-source.ts'
import { RequestQueue } from '../../../../src/cli/rate-limit/request-queue.ts'
import type { Request } from '../../../../src/cli/rate-limit/request-queue.ts'
import { Sender } from '../../../../src/cli/rate-limit/sender.ts'
import type { Provider, SendAnswer, Session } from '../../../../src/cli/rate-limit/sender.ts'
import { VirtualClock } from '../../../../src/adapters/memory/clock.ts'
import { toHex } from '../../../../src/codec/hex.ts'
import { rateLimit } from '../../../../src/reducers/rate-limit.ts'
import { encodeBudgetEvent } from '../../../../src/reducers/rate-limit-codec.ts'
import { runReducer } from '../../../../src/reducers/run.ts'
import { invariant } from '../../../../src/types/errors.ts'
import { BARE_CONTEXT } from '../../../helpers/context.ts'

export const WINDOW_MS = 1_000
const STEP_MS = 10
/** Windows that a decision takes. */
const DECIDING = 0.4

/** A provider in this process: the real meter, no network. */
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

export interface Split {
  /** By member. */
  readonly requests: readonly (readonly Request[])[]
  readonly heights: number
  readonly budget: number
  /** In force from the window after `loweredAfter`, a height, on. */
  readonly laterBudget: number
  readonly loweredAfter: number
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

const pause = (clock: VirtualClock, ms: number): Promise<void> =>
  new Promise((resolve) => clock.after(ms, resolve))

/** Every member sends B / n a window. */
export async function staticSplit(split: Split): Promise<Counted> {
  const clock = new VirtualClock()
  const provider = new LocalProvider(clock, split.budget)
  const share = BigInt(Math.floor(split.budget / split.requests.length))
  for (const requests of split.requests) {
    const queue = new RequestQueue(requests)
    new Sender({
      provider,
      session: 's',
      queue,
      allowance: () => share,
      windows: split.heights + WINDOWS_AHEAD,
      clock,
    }).start()
  }
  const windows = split.heights + WINDOWS_AHEAD
  // the lowering falls into the window in which height `loweredAfter` is decided
  await passTime(clock, (split.loweredAfter + 1 + DECIDING) * WINDOW_MS)
  provider.meter.setBudget(split.laterBudget)
  await passTime(clock, (windows - split.loweredAfter + 1) * WINDOW_MS)
  return provider.counted(windows)
}

/** Heights that are still decided with the old budget after the new one was posted. */
export const EVENT_HEIGHTS = 2

/** Every member sends what the reducer gives it, with a cluster that always decides in time. */
export async function agreedSplit(split: Split): Promise<Counted> {
  const clock = new VirtualClock()
  const provider = new LocalProvider(clock, split.budget)
  const demandMax = 10_000_000n
  const sources = split.requests.map((requests, member) => {
    const source = new ProviderSource({
      provider,
      clock,
      session: 's',
      requests,
      member,
      heights: split.heights,
      demandMax,
      decided: [],
    })
    source.start()
    return source
  })
  const params = toHex(rateLimit.params.encode({ budget: BigInt(split.budget), demandMax }))
  const decide = async (height: number): Promise<void> => {
    const states = await Promise.all(sources.map((source) => source.observe(height)))
    const events =
      height > split.loweredAfter + EVENT_HEIGHTS
        ? [{ seq: 1, kind: 'posted', data: encodeBudgetEvent(BigInt(split.laterBudget)) } as const]
        : []
    const inputs = states.map((state, member) => ({ member, state }))
    const context = { ...BARE_CONTEXT, height, events }
    const result = runReducer({ reducer: 'rate-limit@1', params, context, inputs })
    invariant(result.ok, `height ${height} has no state`)
    await pause(clock, DECIDING * WINDOW_MS)
    for (const source of sources) source.decided({ height, state: result.state })
  }
  for (let height = 1; height <= split.heights; height += 1) {
    await runUntil(clock, decide(height))
    if (height === split.loweredAfter) provider.meter.setBudget(split.laterBudget)
  }
  const windows = split.heights + WINDOWS_AHEAD
  await passTime(clock, (WINDOWS_AHEAD + 1) * WINDOW_MS)
  return provider.counted(windows)
}
