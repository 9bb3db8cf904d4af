import type { LedgerEvent } from '../types/ledger.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { AnyReducer } from './catalog.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { AggregateContext, Context, Input } from './reducer.ts'
import { usesPrevious } from './reducer.ts'

/** An input as it travels: the bytes of a member's state. */
export interface RawInput {
  readonly member: MemberIndex
  readonly state: Uint8Array
}

/**
 * A reducer's functions over bytes. Arguments are decoded afresh and frozen: a call cannot leave a note for the next one
 * in them. What a reducer throws goes on; so does what it gives nothing for, such as params that do not decode.
 */

/** Whether these bytes are canonical and accepted by `validate`. */
export function acceptsInput(reducer: AnyReducer, params: Uint8Array, input: Uint8Array): boolean {
  const decoded = reducer.params.decode(params)
  const state = reducer.state.decode(input)
  return decoded !== null && state !== null && reducer.validate(deepFreeze(state), deepFreeze(decoded))
}

/** f_agg_status */
export function applyStatus(
  reducer: AnyReducer,
  params: Uint8Array,
  context: AggregateContext,
  inputs: readonly RawInput[],
): Uint8Array {
  const events = context.events.map((event): LedgerEvent => ({ ...event, data: event.data.slice() }))
  const known = deepFreeze({ ...contextFor(reducer, context), events })
  const state = reducer.aggregateStatus(decodeAll(reducer, inputs), paramsOf(reducer, params), known)
  return reducer.state.encode(state)
}

/** f_agg_close */
export function applyClose(
  reducer: AnyReducer,
  params: Uint8Array,
  context: Context,
  current: Uint8Array,
  remaining: readonly RawInput[],
): Uint8Array {
  const state = stateOf(reducer, current)
  const inputs = decodeAll(reducer, remaining)
  return reducer.state.encode(
    reducer.aggregateClose(state, inputs, paramsOf(reducer, params), contextFor(reducer, context)),
  )
}

/** f_agg_share. Of what others sent, what does not decode is left out. */
export function applyShare(
  reducer: AnyReducer,
  params: Uint8Array,
  own: Uint8Array,
  shares: readonly RawInput[],
): Uint8Array {
  const sound = shares.flatMap(({ member, state }): Input<unknown>[] => {
    const decoded = reducer.state.decode(state.slice())
    return decoded === null ? [] : [{ member, state: decoded }]
  })
  return reducer.state.encode(
    reducer.aggregateShare(stateOf(reducer, own), deepFreeze(sound), paramsOf(reducer, params)),
  )
}

/** Whether the reducer's own codec reads these bytes back. */
export function isCanonical(reducer: AnyReducer, bytes: Uint8Array): boolean {
  const state = reducer.state.decode(bytes)
  return state !== null && equal(bytes, reducer.state.encode(state))
}

export function equal(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, i) => byte === second[i])
}

/** What both aggregates know, frozen: no more than the twin is told. */
function contextFor(reducer: AnyReducer, { seed, height, members, previous }: Context): Context {
  return deepFreeze({
    seed,
    height,
    members: members.map(({ key, weight }) => ({ key, weight })),
    previous: usesPrevious(reducer) ? previous.slice() : new Uint8Array(),
  })
}

function decodeAll(reducer: AnyReducer, inputs: readonly RawInput[]): readonly Input<unknown>[] {
  return deepFreeze(inputs.map(({ member, state }) => ({ member, state: stateOf(reducer, state) })))
}

function stateOf(reducer: AnyReducer, bytes: Uint8Array): unknown {
  const state = reducer.state.decode(bytes.slice())
  if (state === null) throw new TypeError('not a state')
  return deepFreeze(state)
}

function paramsOf(reducer: AnyReducer, bytes: Uint8Array): unknown {
  const params = reducer.params.decode(bytes)
  if (params === null) throw new TypeError('not params')
  return deepFreeze(params)
}
