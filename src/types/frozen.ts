import type { Hex, MemberIndex } from './ids.ts'

/** Why a task's values are not voted for any more. */
export const FROZEN = ['hostStack', 'hostMemory', 'differs'] as const
export type Frozen = (typeof FROZEN)[number]

/** The own state of a height, where another one was decided over the same list. */
export interface Difference {
  readonly height: number
  /** Whose inputs both were made of. */
  readonly members: readonly MemberIndex[]
  readonly own: Hex
  readonly decided: Hex
}
