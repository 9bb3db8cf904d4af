import type { Cell } from '../scenario.ts'
import { play } from './play.ts'
import type { Played } from './play.ts'
import type { Trace } from './workload.ts'

/**
 * The highest load within the objective, by bisection over the steps of the search: latency grows with load. `break_load` is
 * 0 where even the lowest load breaks it.
 */
export function breakPoint(cell: Cell, seed: number, trace: Trace): Played {
  const { from, to, step } = cell.search
  const at = (load: number): Played => play({ ...cell, workload: { ...cell.workload, load } }, seed, trace)
  let [good, bad] = [-1, Math.round((to - from) / step) + 1]
  let best: Played | null = null
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    const played = at(from + middle * step)
    if (isWithin(cell, played)) [good, best] = [middle, played]
    else bad = middle
  }
  const load = good < 0 ? 0 : from + good * step
  const last = best ?? at(from)
  return { ...last, figures: { ...last.figures, break_load: load } }
}

export function isWithin({ slo }: Cell, { figures, latency }: Played): boolean {
  const p95 = latency.percentile(0.95)
  return p95 !== null && p95 <= 1000 * slo.p95_ms && (figures['errors'] ?? 1) <= slo.errors
}
