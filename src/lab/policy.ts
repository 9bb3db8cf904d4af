import type { ServicesPolicy } from '../services/services.ts'
import { policyOf } from './queue/control.ts'
import type { Cell } from './scenario.ts'

/** No use passes it: nothing moves. */
const NEVER = 65_535

/** The policy to begin with, with what a cell changes of it. Without adaptability nothing moves. */
export function policyFor({ placement, health, mechanisms }: Cell): ServicesPolicy {
  const fixed = mechanisms.adaptability ? {} : { threshold: NEVER }
  return policyOf({ placement: { ...given(placement), ...fixed }, health: given(health) })
}

type Given<T> = Partial<{ [K in keyof T]: NonNullable<T[K]> }>

function given<T extends object>(changes: T): Given<T> {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as Given<T>
}
