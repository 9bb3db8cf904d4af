import { bootstrap } from '../bootstrap.ts'
import { round } from '../result.ts'

/** What one technique changes: the same method without it and with it, on the same units. */
export interface Ablation {
  readonly technique: string
  readonly set: string
  readonly measure: string
  readonly without: number
  readonly with: number
  /** How much better it is with the technique, positive is better; 95 % over draws of whole units. */
  readonly gain: number
  readonly interval: readonly [low: number, high: number]
  /** Units that were drawn: engines, servers, rows. */
  readonly n: number
  readonly verdict: 'helps' | 'harms' | 'no difference'
}

export interface Compared {
  readonly technique: string
  readonly set: string
  readonly measure: string
  /** Lower is better. */
  readonly isError?: true
  readonly n: number
  /** The measure of drawn units. */
  readonly without: (places: readonly number[]) => number
  readonly with: (places: readonly number[]) => number
}

const DRAWS = 300

export function ablation({ technique, set, measure, isError, n, without, with: using }: Compared): Ablation {
  const all = Array.from({ length: n }, (_, place) => place)
  const sign = isError === true ? -1 : 1
  const gainOf = (places: readonly number[]): number => sign * (using(places) - without(places))
  const [low, high] = bootstrap(n, 1, gainOf, DRAWS)
  return {
    ...{ technique, set, measure },
    ...{ without: round(without(all)), with: round(using(all)), gain: round(gainOf(all)) },
    ...{ interval: [round(low), round(high)], n },
    verdict: low > 0 ? 'helps' : high < 0 ? 'harms' : 'no difference',
  }
}
