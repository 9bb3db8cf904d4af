import { stream } from '../draw.ts'
import { mean } from '../statistics/summary.ts'
import type { LoadAt, Trace } from './workload.ts'

/** Looks of a day are five minutes long. */
const LOOKS_PER_DAY = 288
/** Above it nothing is told apart. */
const LOAD_MAX = 1.5

/**
 * The load of a recorded day, seen at some looks spread over it: each stays for `lookMs`, then the next begins. Requests
 * come as always within a look; what lies between looks is left out.
 *
 * @param average load over the whole record; the machines count alike, each by its own mean
 * @param seed draws the day, the same for all treatments
 */
export function dayLoad(
  seed: number,
  { uses }: Trace,
  average: number,
  looks: number,
  lookMs: number,
): { readonly loadAt: LoadAt; readonly peak: number } {
  const length = Math.min(...uses.map((one) => one.length))
  const first = stream(seed, 'day').int(0, Math.max(0, length - LOOKS_PER_DAY))
  const means = uses.map(mean)
  const loads = Array.from({ length: looks }, (_, look) => {
    const at = first + Math.floor((look * LOOKS_PER_DAY) / looks)
    const relative = mean(uses.map((one, machine) => (one[at] ?? 0) / (means[machine] ?? 1)))
    return Math.min(LOAD_MAX, average * relative)
  })
  return {
    loadAt: (ms) => loads[Math.min(looks - 1, Math.floor(ms / lookMs))] ?? average,
    peak: Math.max(...loads),
  }
}
