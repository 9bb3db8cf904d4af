/** What a reducer answers to a numbered case: as it runs here, and as a bundle in the sandbox. */
import { toHex } from '../../src/codec/hex.ts'
import type { RawInput } from '../../src/reducers/apply.ts'
import { acceptsInput, applyClose, applyShare, applyStatus, isCanonical } from '../../src/reducers/apply.ts'
import type { AnyReducer } from '../../src/reducers/catalog.ts'
import type { AggregateContext } from '../../src/reducers/reducer.ts'
import type { Bundle } from '../../src/sandbox/bundle.ts'
import type { TwinCase } from './twin-cases.ts'

/** State bytes as hex; null where there is none. */
export interface Answers {
  readonly accepted: readonly boolean[]
  readonly status: string | null
  readonly share: string | null
  readonly close: string | null
}

/** `status` gets the inputs that `validate` takes, `close` and `share` any state: both may refuse. */
export function nativeAnswers(reducer: AnyReducer, one: TwinCase): Answers {
  const { params, current } = one
  const context = contextOf(one)
  const accepted = one.inputs.map(({ state }) => attempt(() => acceptsInput(reducer, params, state)) ?? false)
  const { inputs, remaining } = usable(one, accepted)
  const state = (make: () => Uint8Array): string | null =>
    attempt(() => {
      const bytes = make()
      return isCanonical(reducer, bytes) ? toHex(bytes) : null
    })
  return {
    accepted,
    status: state(() => applyStatus(reducer, params, context, inputs)),
    share: state(() => applyShare(reducer, params, current, one.inputs)),
    close: state(() => applyClose(reducer, params, context, current, remaining)),
  }
}

export function bundleAnswers(bundle: Bundle, one: TwinCase): Answers {
  const reducer = bundle.asReducer()
  const { params, current } = one
  const context = contextOf(one)
  const accepted = one.inputs.map(({ state }) => bundle.judge(toHex(params), state).accepts)
  const { inputs, remaining } = usable(one, accepted)
  const state = (make: () => unknown): string | null => attempt(() => toHex(make() as Uint8Array))
  return {
    accepted,
    status: state(() => reducer.aggregateStatus(inputs, params, context)),
    share: state(() => reducer.aggregateShare(current, one.inputs, params)),
    close: state(() => reducer.aggregateClose(current, remaining, params, context)),
  }
}

function usable(
  { inputs, remaining }: TwinCase,
  accepted: readonly boolean[],
): { readonly inputs: readonly RawInput[]; readonly remaining: readonly RawInput[] } {
  const sound = inputs.filter((_, i) => accepted[i])
  return { inputs: sound, remaining: remaining.filter((input) => sound.includes(input)) }
}

function contextOf({ seed, height, members, previous, events }: TwinCase): AggregateContext {
  return { seed, height, members, previous, events: events.map((event, i) => ({ seq: i + 1, ...event })) }
}

function attempt<T>(make: () => T): T | null {
  try {
    return make()
  } catch {
    return null
  }
}
