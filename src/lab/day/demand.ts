import { stream } from '../draw.ts'
import type { Cell } from '../scenario.ts'
import { mean } from '../statistics/summary.ts'

/** Samples of a day: one every five minutes. */
export const SAMPLES = 288
/** Most that a machine asks for, in its own means: some recorded ones are idle but for peaks. */
const PEAK = 4

export interface VirtualMachine {
  /** Hundredths of a core that it takes on average: what its owner orders. */
  readonly ordered: number
  /** What it asks for, by sample. */
  readonly demand: readonly number[]
}

/**
 * Virtual machines, each with a drawn day of a recorded machine: together they order `fill` of the cores.
 *
 * @param swing how far demand follows the record away from what was ordered; 0: not at all
 */
export function machinesOf(
  seed: number,
  uses: readonly (readonly number[])[],
  coresTotal: number,
  { machines, fill, swing }: Cell['day'],
): VirtualMachine[] {
  const random = stream(seed, 'virtual machines')
  const shares = Array.from({ length: machines }, () => random.int(50, 150))
  const all = shares.reduce((sum, share) => sum + share, 0)
  return shares.map((share) => {
    const ordered = Math.max(1, Math.round((100 * coresTotal * fill * share) / all))
    const record = random.pick(uses)
    const first = random.int(0, record.length - SAMPLES)
    const average = mean(record)
    const relative = record.slice(first, first + SAMPLES).map((use) => Math.min(PEAK, use / average))
    return { ordered, demand: relative.map((one) => ordered * (1 + swing * (one - 1))) }
  })
}
