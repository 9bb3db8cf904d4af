import { acceptsInput, applyClose, applyShare, applyStatus, isCanonical } from '../apply.ts'
import type { AnyReducer } from '../catalog.ts'
import type { Reducer } from '../reducer.ts'
import { usesPrevious } from '../reducer.ts'
import { decodeCall, decodeDescribe, decodeValidate, encodeDescription, OPERATION } from './frame.ts'

/** What a bundle's value is: an operation's number and its frame in, bytes out. A refusal is thrown. */
export type Served = (operation: number, frame: Uint8Array) => Uint8Array

/** A reducer as the function that the sandbox calls. Runs inside the sandbox. */
export function serve<State, Params>(typed: Reducer<State, Params>): Served {
  // states and params that go in come from the same reducer's codecs
  const reducer = typed as AnyReducer
  return (operation, frame) => {
    switch (operation) {
      case OPERATION.validate:
        return validate(reducer, frame)
      case OPERATION.describe:
        return describe(reducer, frame)
      default: {
        const state = aggregate(reducer, operation, frame)
        if (!isCanonical(reducer, state)) throw new TypeError('the state is not canonical')
        return state
      }
    }
  }
}

/** Never throws: what makes the reducer throw is no input. */
function validate(reducer: AnyReducer, frame: Uint8Array): Uint8Array {
  const { params, input } = decodeValidate(frame)
  try {
    return Uint8Array.of(acceptsInput(reducer, params, input) ? 1 : 0)
  } catch {
    return Uint8Array.of(0)
  }
}

function aggregate(reducer: AnyReducer, operation: number, frame: Uint8Array): Uint8Array {
  const { params, context, current, inputs } = decodeCall(frame)
  if (operation === OPERATION.status) return applyStatus(reducer, params, context, inputs)
  if (operation === OPERATION.share) return applyShare(reducer, params, current, inputs)
  if (operation === OPERATION.close) return applyClose(reducer, params, context, current, inputs)
  throw new RangeError('no such operation')
}

function describe(reducer: AnyReducer, frame: Uint8Array): Uint8Array {
  const params = decodeDescribe(frame)
  return encodeDescription({
    name: reducer.id,
    usesPrevious: usesPrevious(reducer),
    acceptsParams: reducer.params.decode(params) !== null,
  })
}
