import { TABLE_ROWS, variantReport } from './compare-report.ts'
import type { VariantReport } from './compare-report.ts'
import { seededTrial } from './seeded-trial.ts'
import { agreedLeases, centralLimiter, staticSplit } from './trial.ts'

export interface TrialsOptions {
  readonly first: number
  readonly count: number
  readonly heights: number
  /** Whether there are the demo's liar and slow node. */
  readonly isDisturbed: boolean
}

/** One row of the comparison's table over all seeds. */
export interface TrialsRow {
  readonly name: string
  /** Means over seeds. */
  readonly agreed: number
  readonly static: number
  readonly central: number
  /** Mean of agreed − static, both with the same requests, and half of its 95 % interval (Student's t over seeds). */
  readonly difference: number
  readonly halfWidth: number
  /** Whether less is better. */
  readonly isCost: boolean
}

/** The comparison with each seed: leases, an even split, and one limiter for all, over the same requests. */
export async function runTrials({ first, count, heights, isDisturbed }: TrialsOptions): Promise<TrialsRow[]> {
  const runs: { agreed: VariantReport; even: VariantReport; central: VariantReport }[] = []
  for (let seed = first; seed < first + count; seed += 1) {
    const trial = seededTrial(seed, heights, isDisturbed)
    const requests = trial.requests.flat()
    runs.push({
      agreed: variantReport(requests, await agreedLeases(trial)),
      even: variantReport(requests, await staticSplit(trial)),
      central: variantReport(requests, await centralLimiter(trial)),
    })
  }
  return TABLE_ROWS.map(({ name, of, isCost = true }) => {
    const differences = runs.map(({ agreed, even }) => of(agreed) - of(even))
    return {
      name: name.trim(),
      agreed: mean(runs.map(({ agreed }) => of(agreed))),
      static: mean(runs.map(({ even }) => of(even))),
      central: mean(runs.map(({ central }) => of(central))),
      difference: mean(differences),
      halfWidth: halfWidth(differences),
      isCost,
    }
  })
}

/** Whether the interval of the difference has a value at which leases are no worse. */
export function isNoWorse({ difference, halfWidth: half, isCost }: TrialsRow): boolean {
  return isCost ? difference - half <= 0 : difference + half >= 0
}

/** Whether leases are better in the whole of the interval. */
export function isBetter({ difference, halfWidth: half, isCost }: TrialsRow): boolean {
  return isCost ? difference + half < 0 : difference - half > 0
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length)
}

/** Half of the 95 % interval of a mean: t · s / √n, t to three digits by Fisher's expansion; infinite of one value. */
function halfWidth(values: readonly number[]): number {
  const freedom = values.length - 1
  if (freedom < 1) return Number.POSITIVE_INFINITY
  const middle = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / freedom
  const z = 1.959964
  const t =
    z +
    (z ** 3 + z) / (4 * freedom) +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3)
  return t * Math.sqrt(variance / values.length)
}
