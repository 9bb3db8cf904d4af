import type { Histogram } from '../histogram.ts'
import { play } from '../queue/play.ts'
import type { Trace } from '../queue/workload.ts'
import type { Cell } from '../scenario.ts'

/** A run with its faults beside the same run without: `effectiveness` is the part of the goodput that is left. */
export function playEffect(
  cell: Cell,
  seed: number,
  trace: Trace,
): { readonly figures: Record<string, number>; readonly latency: Histogram } {
  const ideal = play(cell, seed, trace, { isFaultFree: true }).figures
  const { figures, latency } = play(cell, seed, trace)
  const effectiveness = (figures['goodput'] ?? 0) / (ideal['goodput'] ?? 0)
  return { figures: { ...figures, effectiveness, ideal_goodput: ideal['goodput'] ?? 0 }, latency }
}
