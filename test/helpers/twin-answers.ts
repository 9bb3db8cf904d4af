/** What a reducer answers to a case, and the packed bytes in which contracts/dev/TwinsHarness.sol takes and gives both. */
import { LEDGER_KIND_NUMBERS } from '../../src/types/ledger.ts'
import { fromHex, toHex, uint } from '../../src/codec/hex.ts'
import { findReducer } from '../../src/reducers/catalog.ts'
import type { AnyReducer } from '../../src/reducers/catalog.ts'
import { ROWS_MAX } from '../../src/reducers/fixed-width.ts'
import type { AggregateContext } from '../../src/reducers/reducer.ts'
import { isValidInput, runReducer } from '../../src/reducers/run.ts'
import type { TwinCase } from './twin-cases.ts'

/** Bytes for the harness. */
export function packCases(cases: readonly TwinCase[]): Uint8Array {
  return Buffer.concat([u16(cases.length), ...cases.flatMap(packCase)])
}

/** What TypeScript answers, packed as the harness packs what the twin answers. */
export function answerOf(reducer: string, one: TwinCase): Uint8Array {
  const { inputs } = one
  const params = toHex(one.params)
  const verdicts = inputs.map(({ state }) => Number(isValidInput(reducer, params, state)))
  const result = runReducer({ reducer, params, context: contextOf(one), inputs })
  return Buffer.concat([
    Uint8Array.from(verdicts),
    packAnswer(result.ok ? result.state : null),
    packAnswer(closed(reducer, one)),
  ])
}

/** f_agg_close over any state and inputs; null where the twin has to revert. */
function closed(reducer: string, one: TwinCase): Uint8Array | null {
  const model = found(reducer)
  const params = model.params.decode(one.params)
  const current = model.state.decode(one.current)
  const isSound = one.remaining.every(
    ({ member, state }, i) =>
      member > (one.remaining[i - 1]?.member ?? -1) &&
      member < ROWS_MAX &&
      isValidInput(reducer, toHex(one.params), state),
  )
  if (params === null || current === null || !isSound) return null
  const remaining = one.remaining.map(({ member, state }) => ({ member, state: model.state.decode(state) }))
  return model.state.encode(model.aggregateClose(current, remaining, params, contextOf(one)))
}

function found(id: string): AnyReducer {
  const reducer = findReducer(id)
  if (reducer === null) throw new Error(`no reducer ${id}`)
  return reducer
}

function contextOf({ seed, height, members, previous, events }: TwinCase): AggregateContext {
  return { seed, height, members, previous, events: events.map((event, i) => ({ seq: i + 1, ...event })) }
}

function packAnswer(state: Uint8Array | null): Uint8Array {
  return state === null ? Uint8Array.of(0) : Buffer.concat([Uint8Array.of(1), u16(state.length), state])
}

export interface Difference {
  /** Position among the cases. */
  readonly index: number
  readonly typescript: string
  /** What stands at the same place in the twin's answers. */
  readonly solidity: string
}

/** The first case to which the twin answers something else; null if there is none. */
export function firstDifference(expected: readonly Uint8Array[], answers: Uint8Array): Difference | null {
  let at = 0
  for (const [index, one] of expected.entries()) {
    const other = answers.subarray(at, at + one.length)
    if (Buffer.compare(one, other) !== 0) return { index, typescript: toHex(one), solidity: toHex(other) }
    at += one.length
  }
  if (at === answers.length) return null
  return { index: expected.length, typescript: '0x', solidity: toHex(answers.subarray(at)) }
}

/** A case as JSON, for a person to repeat. */
export function caseJson(one: TwinCase): object {
  const hexed = (inputs: TwinCase['inputs']): object[] =>
    inputs.map(({ member, state }) => ({ member, state: toHex(state) }))
  return {
    params: toHex(one.params),
    seed: one.seed,
    height: one.height,
    members: one.members,
    previous: toHex(one.previous),
    inputs: hexed(one.inputs),
    events: one.events.map(({ kind, data }) => ({ kind, data: toHex(data) })),
    current: toHex(one.current),
    remaining: hexed(one.remaining),
  }
}

function packCase(one: TwinCase): Uint8Array[] {
  return [
    ...packBytes(one.params),
    fromHex(one.seed),
    Buffer.from(uint(one.height, 8), 'hex'),
    Uint8Array.of(one.members.length),
    ...one.members.flatMap(({ key, weight }) => [fromHex(key), u16(weight)]),
    ...packBytes(one.previous),
    ...packInputs(one.inputs),
    Uint8Array.of(one.events.length),
    ...one.events.flatMap(({ kind, data }) => [Uint8Array.of(LEDGER_KIND_NUMBERS[kind]), ...packBytes(data)]),
    ...packBytes(one.current),
    ...packInputs(one.remaining),
  ]
}

function packInputs(inputs: TwinCase['inputs']): Uint8Array[] {
  return [
    Uint8Array.of(inputs.length),
    ...inputs.flatMap(({ member, state }) => [Uint8Array.of(member), ...packBytes(state)]),
  ]
}

function packBytes(bytes: Uint8Array): Uint8Array[] {
  return [u16(bytes.length), bytes]
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}
