/** What a reducer answers to a case, and the packed bytes in which contracts/dev/TwinsHarness.sol takes and gives both. */
import { toHex } from '../../src/codec/hex.ts'
import { isValidInput, runReducer } from '../../src/reducers/run.ts'
import type { TwinCase } from './twin-cases.ts'

/** Bytes for the harness. */
export function packCases(cases: readonly TwinCase[]): Uint8Array {
  return Buffer.concat([u16(cases.length), ...cases.flatMap(packCase)])
}

/** What TypeScript answers, packed as the harness packs what the twin answers. */
export function answerOf(reducer: string, { params, seed, inputs, events }: TwinCase): Uint8Array {
  const call = {
    reducer,
    params: toHex(params),
    seed,
    inputs,
    events: events.map((data, i) => ({ seq: i + 1, data })),
  }
  const verdicts = inputs.map(({ state }) => Number(isValidInput(reducer, call.params, state)))
  const result = runReducer(call)
  if (!result.ok) return Uint8Array.from([...verdicts, 0])
  return Buffer.concat([Uint8Array.from([...verdicts, 1]), u16(result.state.length), result.state])
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
export function caseJson({ params, seed, inputs, events }: TwinCase): object {
  return {
    params: toHex(params),
    seed,
    inputs: inputs.map(({ member, state }) => ({ member, state: toHex(state) })),
    events: events.map(toHex),
  }
}

function packCase({ params, seed, inputs, events }: TwinCase): Uint8Array[] {
  return [
    ...packBytes(params),
    Buffer.from(seed.slice(2), 'hex'),
    Uint8Array.of(inputs.length),
    ...inputs.flatMap(({ member, state }) => [Uint8Array.of(member), ...packBytes(state)]),
    Uint8Array.of(events.length),
    ...events.flatMap(packBytes),
  ]
}

function packBytes(bytes: Uint8Array): Uint8Array[] {
  return [u16(bytes.length), bytes]
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255)
}
