import { invariant } from '../types/errors.ts'

export interface MeterInit {
  /** Tokens a window, until it is changed. */
  readonly budget: number
  readonly windowMs: number
  /** Monotonic, the provider's own. */
  readonly nowMs: () => number
}

/** A moment on the provider's clock. */
export interface Instant {
  /** Windows are numbered from 1, at the provider's start. */
  readonly window: number
  /** Since that window began. */
  readonly elapsedMs: number
}

/** What becomes of a request. */
export type Verdict =
  | { readonly kind: 'served' }
  /** The rest of the window's budget does not cover it. */
  | { readonly kind: 'rejected'; readonly retryAfterMs: number }
  /** It was meant for another window than the present one; not counted. */
  | { readonly kind: 'stale' }
  /** It costs more than a whole window's budget; not counted. */
  | { readonly kind: 'impossible' }

/** One window. All amounts are tokens. */
export interface WindowUsage {
  readonly window: number
  readonly budget: number
  readonly served: number
  /** In requests that were answered 429. */
  readonly rejected: number
  /** budget − served */
  readonly unused: number
  /** What was sent beyond the budget: max(0, served + rejected − budget). */
  readonly overBudget: number
}

/** Windows that can still be asked for; older ones are forgotten. */
export const WINDOWS_KEPT = 4_096

/**
 * Counts tokens per window of a fixed length and serves while the window's budget lasts. Knows requests, no senders:
 * whoever comes first is served first.
 */
export class Meter {
  readonly windowMs: number
  readonly #nowMs: () => number
  readonly #startMs: number
  readonly #counts = new Map<number, { served: number; rejected: number }>()
  /** Ascending; the last one at or below a window is in force there. */
  #budgets: { readonly fromWindow: number; readonly budget: number }[]

  constructor({ budget, windowMs, nowMs }: MeterInit) {
    invariant(isBudget(budget), `${budget} is no budget`)
    invariant(Number.isSafeInteger(windowMs) && windowMs > 0, `no window has ${windowMs} ms`)
    this.windowMs = windowMs
    this.#nowMs = nowMs
    this.#startMs = nowMs()
    this.#budgets = [{ fromWindow: 1, budget }]
  }

  now(): Instant {
    const ms = this.#nowMs() - this.#startMs
    const before = Math.floor(ms / this.windowMs)
    return { window: before + 1, elapsedMs: ms - before * this.windowMs }
  }

  /**
   * Serves or refuses a request that costs `tokens`.
   *
   * @param tokens integer ≥ 1
   * @param meantFor the window whose budget is to pay for it, or null for whichever is running
   */
  take(tokens: number, meantFor: number | null): Verdict {
    invariant(Number.isSafeInteger(tokens) && tokens >= 1, `no request costs ${tokens} tokens`)
    const { window, elapsedMs } = this.now()
    if (meantFor !== null && meantFor !== window) return { kind: 'stale' }
    const budget = this.#budgetOf(window)
    if (tokens > budget) return { kind: 'impossible' }
    const counts = this.#countsOf(window)
    if (counts.served + tokens > budget) {
      counts.rejected += tokens
      return { kind: 'rejected', retryAfterMs: this.windowMs - elapsedMs }
    }
    counts.served += tokens
    return { kind: 'served' }
  }

  /** Changes the budget from the next window on; returns that window. */
  setBudget(budget: number): number {
    invariant(isBudget(budget), `${budget} is no budget`)
    const fromWindow = this.now().window + 1
    const earlier = this.#budgets.filter((change) => change.fromWindow < fromWindow)
    // of those that have passed out of sight, only the last still counts
    const oldest = earlier.findLastIndex((change) => change.fromWindow <= fromWindow - WINDOWS_KEPT)
    this.#budgets = [...earlier.slice(Math.max(0, oldest)), { fromWindow, budget }]
    return fromWindow
  }

  /** Windows `from` … `to`, as far as they have begun and are not forgotten. */
  usage(from: number, to: number): readonly WindowUsage[] {
    const { window: last } = this.now()
    const first = Math.max(from, 1, last - WINDOWS_KEPT + 1)
    return Array.from({ length: Math.max(0, Math.min(to, last) - first + 1) }, (_, i) => {
      const window = first + i
      const budget = this.#budgetOf(window)
      const { served, rejected } = this.#counts.get(window) ?? { served: 0, rejected: 0 }
      return {
        window,
        budget,
        served,
        rejected,
        unused: budget - served,
        overBudget: Math.max(0, served + rejected - budget),
      }
    })
  }

  /** The budget that is in force in a window. */
  #budgetOf(window: number): number {
    return this.#budgets.findLast(({ fromWindow }) => fromWindow <= window)?.budget ?? 0
  }

  #countsOf(window: number): { served: number; rejected: number } {
    const known = this.#counts.get(window)
    if (known !== undefined) return known
    for (const old of this.#counts.keys()) {
      if (old > window - WINDOWS_KEPT) break
      this.#counts.delete(old)
    }
    const fresh = { served: 0, rejected: 0 }
    this.#counts.set(window, fresh)
    return fresh
  }
}

function isBudget(budget: number): boolean {
  return Number.isSafeInteger(budget) && budget >= 0
}
