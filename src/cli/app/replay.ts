import { toHex } from '../../codec/hex.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import type { AggregateContext, Input, ReducerCall } from '../../reducers/reducer.ts'
import type { Bundle } from '../../sandbox/bundle.ts'
import type { Hex } from '../../types/ids.ts'

/** An aggregate that a task's own reducer has given: all that it was given, and the state. */
export interface Aggregated {
  readonly context: AggregateContext
  readonly inputs: ReducerCall['inputs']
  readonly closing: boolean
  readonly state: Uint8Array
}

/** The same reducer; what it aggregates is kept, by height. */
export function recording(reducer: AnyReducer, kept: Map<number, Aggregated>): AnyReducer {
  const bytesOf = (inputs: readonly Input<unknown>[]): ReducerCall['inputs'] =>
    inputs.map(({ member, state }) => ({ member, state: reducer.state.encode(state) }))
  return {
    ...reducer,
    aggregateStatus: (inputs, params, context) => {
      const state = reducer.aggregateStatus(inputs, params, context)
      const bytes = reducer.state.encode(state)
      kept.set(context.height, { context, inputs: bytesOf(inputs), closing: false, state: bytes })
      return state
    },
    aggregateClose: (current, remaining, params, context) => {
      const state = reducer.aggregateClose(current, remaining, params, context)
      const before = kept.get(context.height)
      if (before !== undefined)
        kept.set(context.height, { ...before, closing: true, state: reducer.state.encode(state) })
      return state
    },
  }
}

/** What another bundle makes of one height. */
export interface Replayed {
  readonly height: number
  readonly before: Hex
  /** Null: it has no state. */
  readonly after: Hex | null
  /** Why it has none. */
  readonly code: string | null
  /** Members whose inputs it does not accept. */
  readonly refused: readonly number[]
  readonly fuel: bigint
}

/**
 * Old heights with another bundle. Each starts from the state that was decided before it, so that one difference is not
 * told again at every height after it.
 */
export function replay(bundle: Bundle, params: Hex, kept: ReadonlyMap<number, Aggregated>): Replayed[] {
  return [...kept].map(([height, { context, inputs, closing, state }]) => {
    const refused = inputs.filter((input) => !bundle.judge(params, input.state).accepts)
    const previous = kept.get(height - 1)?.state ?? new Uint8Array()
    const call = { reducer: bundle.id, params, context: { ...context, previous }, inputs, closing }
    const result = bundle.reduce(call)
    return {
      height,
      before: toHex(state),
      after: result.ok ? toHex(result.state) : null,
      code: result.ok ? null : result.code,
      refused: refused.map(({ member }) => member),
      fuel: result.fuel,
    }
  })
}

/** Whether the other bundle would have decided another height, or none. */
export function isChanged({ before, after, refused }: Replayed): boolean {
  return before !== after || refused.length > 0
}
