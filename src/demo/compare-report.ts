import type { WindowUsage } from './meter.ts'
import type { LogEntry } from './provider-wire.ts'
import type { Request } from './request-queue.ts'

/** What one provider counted, in windows of the session: 1 is the one in which the trace begins. */
export interface Counted {
  readonly windows: readonly WindowUsage[]
  /** Requests it served. */
  readonly log: readonly LogEntry[]
  /** The provider's window that is number 1 here. */
  readonly firstWindow: number
  readonly windowMs: number
}

/** One variant, from its provider's counters and the trace. Amounts are tokens. */
export interface VariantReport {
  readonly arrived: number
  readonly served: number
  /** In requests that were answered 429. */
  readonly rejected: number
  readonly overBudget: number
  readonly unused: number
  /** Windows at whose beginning more was waiting than their budget covers. */
  readonly backlogWindows: number
  /** Unused in those. */
  readonly idleTokens: number
  /** Share of their budget that was used. */
  readonly usedShare: number
  readonly waiting: Waiting
  readonly windows: readonly WindowUsage[]
}

/** Over requests. One that was not served has waited until the end: the true figure is higher. */
export interface Waiting {
  readonly meanSeconds: number
  readonly medianSeconds: number
  readonly p95Seconds: number
  readonly notServed: number
}

/** Judges a variant by what its provider counted. `requests` is all that arrived. */
export function variantReport(requests: readonly Request[], counted: Counted): VariantReport {
  const windows = counted.windows.map((usage) => ({
    ...usage,
    window: usage.window - counted.firstWindow + 1,
  }))
  const backlog = windows.filter(({ window, budget }) => {
    const arrived = sum(
      requests.filter(({ arrival }) => arrival < window - 1).map(({ tokens }) => Number(tokens)),
    )
    const served = sum(windows.filter((earlier) => earlier.window < window).map((earlier) => earlier.served))
    return arrived - served > budget
  })
  const idleTokens = sum(backlog.map(({ unused }) => unused))
  const backlogBudget = sum(backlog.map(({ budget }) => budget))
  return {
    arrived: sum(requests.map(({ tokens }) => Number(tokens))),
    served: sum(windows.map(({ served }) => served)),
    rejected: sum(windows.map(({ rejected }) => rejected)),
    overBudget: sum(windows.map(({ overBudget }) => overBudget)),
    unused: sum(windows.map(({ unused }) => unused)),
    backlogWindows: backlog.length,
    idleTokens,
    usedShare: backlogBudget === 0 ? 1 : 1 - idleTokens / backlogBudget,
    waiting: waitingOf(requests, counted),
    windows,
  }
}

interface TableRow {
  readonly name: string
  readonly of: (variant: VariantReport) => number
  /** Digits after the point. */
  readonly digits?: number
  /** Absent: less is better. */
  readonly isCost?: boolean
}

/** Rows of the comparison's table. */
export const TABLE_ROWS: readonly TableRow[] = [
  { name: 'tokens that arrived', of: ({ arrived }) => arrived },
  { name: 'tokens served', of: ({ served }) => served, isCost: false },
  { name: 'tokens rejected (429)', of: ({ rejected }) => rejected },
  { name: 'tokens sent over the budget', of: ({ overBudget }) => overBudget },
  { name: 'tokens unused', of: ({ unused }) => unused },
  { name: 'windows with more waiting than the budget', of: ({ backlogWindows }) => backlogWindows },
  { name: '  tokens unused in those', of: ({ idleTokens }) => idleTokens },
  {
    name: '  share of the budget used in those',
    of: ({ usedShare }) => usedShare,
    digits: 2,
    isCost: false,
  },
  { name: 'requests not served', of: ({ waiting }) => waiting.notServed },
  { name: 'waiting, mean (s)', of: ({ waiting }) => waiting.meanSeconds, digits: 2 },
  { name: 'waiting, median (s)', of: ({ waiting }) => waiting.medianSeconds, digits: 2 },
  { name: 'waiting, 95th percentile (s)', of: ({ waiting }) => waiting.p95Seconds, digits: 2 },
]

function waitingOf(requests: readonly Request[], counted: Counted): Waiting {
  const { log, firstWindow, windowMs, windows } = counted
  const servedAt = new Map(
    log.map(({ id, window, elapsedMs }) => [id, window - firstWindow + elapsedMs / windowMs]),
  )
  const seconds = requests
    .map(({ id, arrival }) => ((servedAt.get(id) ?? windows.length) - arrival) * (windowMs / 1000))
    .sort((a, b) => a - b)
  const at = (share: number): number =>
    seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))] ?? 0
  return {
    meanSeconds: seconds.length === 0 ? 0 : sum(seconds) / seconds.length,
    medianSeconds: at(0.5),
    p95Seconds: at(0.95),
    notServed: requests.filter(({ id }) => !servedAt.has(id)).length,
  }
}

/**
 * Windows in which more is queued than the budget covers even if all of it could be used: from the trace and the budgets
 * alone, the same for every way of sharing.
 *
 *   queue(w) = max(0, queue(w − 1) − budget(w − 1)) + arrivals(w),  contended: queue(w) > budget(w)
 */
export function contendedWindows(
  requests: readonly Request[],
  windows: number,
  budgetOf: (window: number) => number,
): readonly number[] {
  const contended: number[] = []
  let queue = 0
  for (let window = 1; window <= windows; window += 1) {
    const arrivals = requests.filter(({ arrival }) => Math.floor(arrival) === window - 1)
    queue += sum(arrivals.map(({ tokens }) => Number(tokens)))
    if (queue > budgetOf(window)) contended.push(window)
    queue = Math.max(0, queue - budgetOf(window))
  }
  return contended
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
