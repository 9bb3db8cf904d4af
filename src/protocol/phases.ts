import type { PhaseEvent, PhaseStatus } from '../types/log.ts'

/**
 * The one table of legal transitions (paper, section 3). Engine, auditor, contract vectors and docs read it.
 *
 *   t1 INITIAL → DEBATE   start: a joining node enters its first height
 *   t2 DEBATE  → IDLE     aggregation of STATUS finished, or timed out (NIL)
 *   t3 IDLE    → DEBATE   before the HELLO of a height or round
 *   t4 IDLE    → SHARE    before sending, or on receiving, a SHARE
 *   t5 IDLE    → CLOSE    a decided list holds a CLOSE
 *   t6 SHARE   → IDLE     aggregation of SHARE finished, or timed out (NIL)
 *   t7 CLOSE   → IDLE     aggregation of CLOSE finished
 */
export const TRANSITIONS = {
  t1: { from: 'INITIAL', to: 'DEBATE' },
  t2: { from: 'DEBATE', to: 'IDLE' },
  t3: { from: 'IDLE', to: 'DEBATE' },
  t4: { from: 'IDLE', to: 'SHARE' },
  t5: { from: 'IDLE', to: 'CLOSE' },
  t6: { from: 'SHARE', to: 'IDLE' },
  t7: { from: 'CLOSE', to: 'IDLE' },
} as const satisfies Record<
  Exclude<PhaseEvent, 'RESET'>,
  { readonly from: PhaseStatus; readonly to: PhaseStatus }
>

/** δ(g, σ): the status after `event`, or null where the matrix refuses it. RESET leads from anywhere to INITIAL. */
export function nextStatus(from: PhaseStatus, event: PhaseEvent): PhaseStatus | null {
  if (event === 'RESET') return 'INITIAL'
  const transition = TRANSITIONS[event]
  return transition.from === from ? transition.to : null
}
