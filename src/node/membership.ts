import { hasMember } from '../codec/bitmap.ts'
import type { EngineState } from '../protocol/state.ts'

/** `leaving`: the own CLOSE is signed, and no decided list holds it yet. */
export type Membership = 'member' | 'leaving' | 'left'

/**
 * What became of the wish to leave: `over` if all heights are decided, `waiting` while the node does not know what it has
 * signed, `failed` if it is about to stop.
 */
export type LeaveAnswer = 'signed' | 'over' | 'waiting' | 'failed'

export function membershipOf({
  closes,
  left,
  config,
}: Pick<EngineState, 'closes' | 'left' | 'config'>): Membership {
  if (hasMember(left, config.self)) return 'left'
  return closes.has(config.self) ? 'leaving' : 'member'
}
