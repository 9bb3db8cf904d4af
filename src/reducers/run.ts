import { fromHex } from '../codec/hex.ts'
import type { LedgerEvent } from '../types/ledger.ts'
import type { Hex } from '../types/ids.ts'
import { findReducer } from './catalog.ts'
import type { AnyReducer, FindReducer } from './catalog.ts'
import { deepFreeze } from './deep-freeze.ts'
import type { CallContext, Context, Input, ReducerCall } from './reducer.ts'
import { usesPrevious } from './reducer.ts'
import type { ReducerFault, ReducerResult } from './result.ts'

/** Longest state or input that any task may allow, bytes: a chunk of calldata or contract code must hold it. */
export const STATE_BYTES_MAX = 31 * 1024

export interface RunOptions {
  /** Where reducers come from; default: the stock reducers. */
  readonly find?: FindReducer
  /** The task's cap of results, bytes. */
  readonly stateBytesMax?: number
  /** The task's cap of inputs, bytes. */
  readonly inputBytesMax?: number
}

/**
 * s* = f_agg_status(inputs), or the reason why there is none. Runs the aggregate twice, each time on freshly decoded
 * and frozen arguments, and refuses unless both runs give the same canonical bytes. Pure; never throws. It cannot stop
 * a reducer that loops: that is what a ReducerRunner is for.
 */
export function runReducer(call: ReducerCall, options: RunOptions = {}): ReducerResult {
  const { find = findReducer, stateBytesMax = STATE_BYTES_MAX, inputBytesMax = STATE_BYTES_MAX } = options
  const reducer = find(call.reducer)
  if (reducer === null) return refuse('unknownReducer')
  try {
    const params = decodeParams(reducer, call.params)
    if (params === null) return refuse('badParams')
    if (usesPrevious(reducer) && call.context.previous === null) return refuse('noPrevious')
    if (!isAscending(call) || !areInputs(reducer, params, call, inputBytesMax)) return refuse('badInput')
    const once = call.own === undefined ? aggregateOnce : mergeOnce
    const state = once(reducer, call)
    if (!isLocallyValid(state, once(reducer, call))) return refuse('nondeterministic')
    if (state.length > stateBytesMax) return refuse('overCap')
    return isCanonical(reducer, state) ? { ok: true, state } : refuse('badOutput')
  } catch {
    return refuse('threw')
  }
}

/**
 * Whether these bytes may be an input of this reducer: known reducer, sound params, canonical within the cap, accepted
 * by `validate`. Never throws; a reducer that throws here has refused.
 */
export function isValidInput(
  reducerId: string,
  params: Hex,
  bytes: Uint8Array,
  options: RunOptions = {},
): boolean {
  const { find = findReducer, inputBytesMax = STATE_BYTES_MAX } = options
  const reducer = find(reducerId)
  if (reducer === null) return false
  try {
    const decoded = decodeParams(reducer, params)
    return decoded !== null && isInput(reducer, decoded, bytes, inputBytesMax)
  } catch {
    return false
  }
}

/** Local validity (paper, section 4): repeated aggregator calls on the same data yield the same result. */
export function isLocallyValid(first: Uint8Array, second: Uint8Array): boolean {
  return first.length === second.length && first.every((byte, i) => byte === second[i])
}

function refuse(code: ReducerFault): ReducerResult {
  return { ok: false, code }
}

function decodeParams(reducer: AnyReducer, params: Hex): unknown {
  return /^0x([0-9a-f]{2})*$/.test(params) ? reducer.params.decode(fromHex(params)) : null
}

function isAscending(call: ReducerCall): boolean {
  let previous = -1
  return call.inputs.every(({ member }) => {
    const ascends = member > previous
    previous = member
    return ascends
  })
}

/** Of a merge only the own state must be sound; what others sent is left out if it is not. */
function areInputs(reducer: AnyReducer, params: unknown, call: ReducerCall, bytesMax: number): boolean {
  if (call.own !== undefined) return call.own.length <= bytesMax && isCanonical(reducer, call.own)
  return call.inputs.every((input) => isInput(reducer, params, input.state, bytesMax))
}

function isInput(reducer: AnyReducer, params: unknown, bytes: Uint8Array, bytesMax: number): boolean {
  if (bytes.length > bytesMax) return false
  const state = reducer.state.decode(bytes)
  return state !== null && reducer.validate(deepFreeze(state), deepFreeze(params))
}

/** Nothing is shared between two runs: a run cannot leave a note for the next one in its arguments. */
function aggregateOnce(reducer: AnyReducer, call: ReducerCall): Uint8Array {
  const inputs = call.inputs.map(({ member, state }): Input<unknown> => ({
    member,
    state: reducer.state.decode(state.slice()),
  }))
  const context = contextFor(reducer, call.context)
  const events = call.context.events.map((event): LedgerEvent => ({ ...event, data: event.data.slice() }))
  const params = decodeParams(reducer, call.params)
  deepFreeze(inputs)
  deepFreeze(params)
  const state = reducer.aggregateStatus(inputs, params, deepFreeze({ ...context, events }))
  return reducer.state.encode(
    call.closing === true ? reducer.aggregateClose(deepFreeze(state), inputs, params, context) : state,
  )
}

/** What both aggregates know, frozen: no more than the twin is told. */
function contextFor(reducer: AnyReducer, { seed, height, members, previous }: CallContext): Context {
  return deepFreeze({
    seed,
    height,
    members: members.map(({ key, weight }) => ({ key, weight })),
    previous: usesPrevious(reducer) && previous !== null ? previous.slice() : new Uint8Array(),
  })
}

/** f_agg_share. A state whose encoding is not the one of its value does not decode. */
function mergeOnce(reducer: AnyReducer, call: ReducerCall): Uint8Array {
  const shares = call.inputs.flatMap(({ member, state }): Input<unknown>[] => {
    const decoded = reducer.state.decode(state.slice())
    return decoded === null ? [] : [{ member, state: decoded }]
  })
  const own = reducer.state.decode((call.own ?? new Uint8Array()).slice())
  const params = decodeParams(reducer, call.params)
  return reducer.state.encode(reducer.aggregateShare(deepFreeze(own), deepFreeze(shares), deepFreeze(params)))
}

function isCanonical(reducer: AnyReducer, bytes: Uint8Array): boolean {
  const state = reducer.state.decode(bytes)
  return state !== null && isLocallyValid(bytes, reducer.state.encode(state))
}
