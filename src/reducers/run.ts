import { fromHex } from '../codec/hex.ts'
import type { Hex } from '../types/ids.ts'
import { acceptsInput, applyClose, applyShare, applyStatus, equal, isCanonical } from './apply.ts'
import { findReducer } from './catalog.ts'
import type { AnyReducer, FindReducer } from './catalog.ts'
import type { ReducerCall } from './reducer.ts'
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
    const params = paramsBytes(call.params)
    if (params === null || reducer.params.decode(params) === null) return refuse('badParams')
    if (usesPrevious(reducer) && call.context.previous === null) return refuse('noPrevious')
    if (!isAscending(call) || !areInputs(reducer, params, call, inputBytesMax)) return refuse('badInput')
    const state = once(reducer, params, call)
    if (!isLocallyValid(state, once(reducer, params, call))) return refuse('nondeterministic')
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
    const known = paramsBytes(params)
    return known !== null && bytes.length <= inputBytesMax && acceptsInput(reducer, known, bytes)
  } catch {
    return false
  }
}

/** Local validity (paper, section 4): repeated aggregator calls on the same data yield the same result. */
export function isLocallyValid(first: Uint8Array, second: Uint8Array): boolean {
  return equal(first, second)
}

function refuse(code: ReducerFault): ReducerResult {
  return { ok: false, code }
}

function paramsBytes(params: Hex): Uint8Array | null {
  return /^0x([0-9a-f]{2})*$/.test(params) ? fromHex(params) : null
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
function areInputs(reducer: AnyReducer, params: Uint8Array, call: ReducerCall, bytesMax: number): boolean {
  if (call.own !== undefined) return call.own.length <= bytesMax && isCanonical(reducer, call.own)
  return call.inputs.every(({ state }) => state.length <= bytesMax && acceptsInput(reducer, params, state))
}

/** The call as it is meant: f_agg_share, or f_agg_status and f_agg_close after it if somebody leaves. */
function once(
  reducer: AnyReducer,
  params: Uint8Array,
  { context, own, inputs, closing }: ReducerCall,
): Uint8Array {
  if (own !== undefined) return applyShare(reducer, params, own, inputs)
  const known = { ...context, previous: context.previous ?? new Uint8Array() }
  const state = applyStatus(reducer, params, known, inputs)
  return closing === true ? applyClose(reducer, params, known, state, inputs) : state
}
