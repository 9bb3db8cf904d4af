import fc from 'fast-check'
import { toHex, uint } from '../../src/codec/hex.ts'
import type { ContextMember } from '../../src/reducers/reducer.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { ReducerResult } from '../../src/reducers/result.ts'
import type { Weighted } from '../../src/reducers/agreed-time.ts'
import { services } from '../../src/services/services.ts'
import type { Agreed, Observed, ServicesPolicy } from '../../src/services/services.ts'
import { faultWeightOf } from '../../src/services/slice.ts'
import type { FoldContext } from '../../src/services/slice.ts'
import type { LedgerEvent } from '../../src/types/ledger.ts'
import { NIL } from '../../src/types/ids.ts'

/** Members with these weights; the key of seat i is i + `first`. */
export function membersOf(weights: readonly number[], first = 0): ContextMember[] {
  return weights.map((weight, seat) => ({ key: `0x${uint(seat + first, 20)}`, weight }))
}

/** The context of a fold at one second past the height before. */
export function foldContext(members: readonly ContextMember[], more: Partial<FoldContext> = {}): FoldContext {
  const faultWeight = faultWeightOf(members)
  return {
    seed: NIL,
    height: 1,
    heights: 1,
    members,
    faultWeight,
    agreedMs: 1000,
    previousMs: 0,
    news: [],
    ...more,
  }
}

/** Weights of a cluster of 4 … 13 members, and how many of its first seats may lie: below a third of the weight. */
export const clusters = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 4, maxLength: 13 })
  .map((weights) => {
    const members = membersOf(weights)
    let liars = 0
    let weight = 0
    for (const one of weights) {
      if (weight + one > faultWeightOf(members)) break
      weight += one
      liars += 1
    }
    return { members, liars }
  })

export const u16s = fc.integer({ min: 0, max: 0xffff })

/** Dumb twin of the weighted lower median: every value as often as it weighs, sorted, the lower middle one. */
export function plainMedian(values: readonly Weighted[]): number | undefined {
  const all = values.flatMap(({ value, weight }) => Array.from({ length: weight }, () => value))
  return all.sort((a, b) => a - b)[(all.length - 1) >> 1]
}

export interface Height {
  readonly members: readonly ContextMember[]
  readonly height: number
  readonly previous: Uint8Array
  readonly events?: readonly LedgerEvent[]
}

/** One height of `services@1` as a node runs it: bytes in, bytes out. */
export function runHeight(
  { members, height, previous, events = [] }: Height,
  inputs: ReadonlyMap<number, Observed | Agreed>,
  policy: ServicesPolicy,
): ReducerResult {
  return runReducer(
    {
      reducer: services.id,
      params: toHex(services.params.encode(policy)),
      context: { seed: NIL, height, members, previous, events },
      inputs: [...inputs]
        .sort(([a], [b]) => a - b)
        .map(([member, input]) => ({ member, state: services.state.encode(input) })),
    },
    { find: (id) => (id === services.id ? services : null) },
  )
}
