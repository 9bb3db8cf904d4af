import { classOf } from '../insight/risk.ts'
import type { Mode, Terms } from './terms.ts'
import type { Consistency } from '../../types/store-request.ts'

/** Worst failure that a service has to come through. */
export type Failure = 'crash' | 'omission' | 'byzantine'

/** The document's selection: what fails decides how strict copies are. */
export const CONSISTENCY_OF_FAILURE = {
  crash: 'eventual',
  omission: 'causal',
  byzantine: 'strong',
} as const satisfies Readonly<Record<Failure, Consistency>>

/** Fewest copies of a mode, the primary among them, that outlive one failure. Byzantine ones take 3f + 1. */
export const COPIES_OF_MODE = {
  'active-passive': 2,
  'active-active': 2,
  'n-way': 4,
  geographic: 2,
} as const satisfies Readonly<Record<Mode, number>>

/**
 * Terms for a service: consistency by the worst failure, mode by the risk of losing it.
 *
 * @param score millionths: active-active from 0.85, active-passive from 0.70 and below 0.50, geographic between; n-way from
 *   0.85 where liars are among the failures
 */
export function termsFor(failure: Failure, score: number): Terms {
  const consistency = CONSISTENCY_OF_FAILURE[failure]
  const risk = classOf(score)
  if (risk === 'critical') return { consistency, mode: failure === 'byzantine' ? 'n-way' : 'active-active' }
  return { consistency, mode: risk === 'medium' ? 'geographic' : 'active-passive' }
}
