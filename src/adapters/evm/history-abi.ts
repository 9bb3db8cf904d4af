import type { EventFragment, FunctionFragment, Interface, ParamType, Result } from 'ethers'
import { AbiCoder } from 'ethers'
import type { AbiValue } from '../../ports/chain-history.ts'
import { byteLength } from '../../codec/hex.ts'
import type { Digest, Hex } from '../../types/ids.ts'

/** Arguments by name; or the name of one that does not decode, '' if that cannot be told. */
export type Decoded =
  | { readonly ok: true; readonly name: string; readonly args: Readonly<Record<string, AbiValue>> }
  | { readonly ok: false; readonly name: string | null; readonly field: string }

const WORD = 32

interface Fragments {
  /** By the first topic. */
  readonly events: ReadonlyMap<string, EventFragment>
  /** By the first four bytes. */
  readonly calls: ReadonlyMap<string, FunctionFragment>
}

const known = new WeakMap<Interface, Fragments>()

/** ethers hashes the signatures of an interface, one after the other, each time that one of them is looked for. */
function fragmentsOf(abi: Interface): Fragments {
  const before = known.get(abi)
  if (before !== undefined) return before
  const events = new Map<string, EventFragment>()
  const calls = new Map<string, FunctionFragment>()
  abi.forEachEvent((event) => events.set(event.topicHash, event))
  abi.forEachFunction((call) => calls.set(call.selector, call))
  const fragments = { events, calls }
  known.set(abi, fragments)
  return fragments
}

/**
 * An event's arguments. Contracts write exactly one encoding, so whatever does not encode back to the same bytes is
 * refused too: no bit of a log is left without meaning.
 */
export function decodeEvent(abi: Interface, topics: readonly Digest[], data: Hex): Decoded {
  const event = fragmentsOf(abi).events.get(topics[0] ?? '')
  if (event === undefined) return { ok: false, name: null, field: '' }
  const { name, inputs } = event
  try {
    const values = abi.decodeEventLog(event, data, topics)
    const bad = inputs.find((input, i) => !isReadable(input, values, i))
    if (bad !== undefined) return { ok: false, name, field: bad.name }
    const again = abi.encodeEventLog(event, values.toArray())
    const field = nonCanonical(inputs, topics, again.topics as Digest[], data, again.data as Hex)
    return field === null ? { ok: true, name, args: named(inputs, values) } : { ok: false, name, field }
  } catch {
    return { ok: false, name, field: lostArgument(inputs, data) }
  }
}

/** Arguments by position; or the position of one that does not decode, −1 if that cannot be told. */
export type DecodedCall =
  | { readonly ok: true; readonly name: string; readonly values: readonly AbiValue[] }
  | { readonly ok: false; readonly name: string | null; readonly position: number }

/** The arguments of a call. What encodes differently and means the same is accepted: the contract accepts it too. */
export function decodeCall(abi: Interface, input: Hex): DecodedCall {
  const call = fragmentsOf(abi).calls.get(input.slice(0, 10))
  if (call === undefined) return { ok: false, name: null, position: -1 }
  const { name, inputs } = call
  try {
    const values = abi.decodeFunctionData(call, input)
    const position = inputs.findIndex((parameter, i) => !isReadable(parameter, values, i))
    if (position >= 0) return { ok: false, name, position }
    return { ok: true, name, values: inputs.map((parameter, i) => convert(parameter, values[i])) }
  } catch {
    return { ok: false, name, position: -1 }
  }
}

/** The result of a view function: a single one by itself, several by name. */
export function decodeResult(abi: Interface, name: string, data: Hex): AbiValue {
  const values = abi.decodeFunctionResult(name, data)
  const outputs = abi.getFunction(name)?.outputs ?? []
  const [only] = outputs
  return outputs.length === 1 && only !== undefined ? convert(only, values[0]) : named(outputs, values)
}

/** What a view function answers where every word is zero. */
export function zeroResult(abi: Interface, name: string): AbiValue {
  const wordsOf = ({ components }: ParamType): number =>
    components === null ? 1 : components.reduce((sum, one) => sum + wordsOf(one), 0)
  const words = abi.getFunction(name)?.outputs.reduce((sum, one) => sum + wordsOf(one), 0)
  return decodeResult(abi, name, `0x${'00'.repeat(WORD * (words ?? 1))}`)
}

function named(inputs: readonly ParamType[], values: Result): Readonly<Record<string, AbiValue>> {
  return Object.fromEntries(inputs.map((input, i) => [input.name, convert(input, values[i])]))
}

function convert(type: ParamType, value: unknown): AbiValue {
  if (type.arrayChildren !== null) {
    const child = type.arrayChildren
    return [...(value as Result)].map((item: unknown) => convert(child, item))
  }
  if (type.components !== null) return named(type.components, value as Result)
  if (typeof value === 'bigint' || typeof value === 'boolean') return value
  return String(value).toLowerCase()
}

/** ethers reports a value that does not decode when it is touched. */
function isReadable(type: ParamType, values: Result, index: number): boolean {
  try {
    convert(type, values[index])
    return true
  } catch {
    return false
  }
}

/** The argument whose bytes are not the canonical ones; null if all are. */
function nonCanonical(
  inputs: readonly ParamType[],
  topics: readonly Digest[],
  topicsAgain: readonly Digest[],
  data: Hex,
  dataAgain: Hex,
): string | null {
  const indexed = inputs.filter((input) => input.indexed === true)
  const at = topicsAgain.findIndex((topic, i) => topic !== topics[i])
  if (at >= 0) return indexed[at - 1]?.name ?? ''
  if (topics.length !== topicsAgain.length) return ''
  if (data === dataAgain) return null
  let offset = 0
  while (data.slice(2 + 2 * offset, 4 + 2 * offset) === dataAgain.slice(2 + 2 * offset, 4 + 2 * offset))
    offset += 1
  return ownerOf(
    inputs.filter((input) => input.indexed !== true),
    dataAgain,
    offset,
  )
}

/** The argument to which a byte of canonical data belongs. */
function ownerOf(inputs: readonly ParamType[], data: Hex, offset: number): string {
  let head = 0
  let owner = ''
  for (const input of inputs) {
    const words = headBytes(input)
    if (offset >= head && offset < head + words) return input.name
    if (words === WORD && isDynamic(input)) {
      const start = Number(BigInt(`0x${data.slice(2 + 2 * head, 2 + 2 * (head + WORD))}`))
      if (start <= offset) owner = input.name
    }
    head += words
  }
  return owner
}

/** The argument that points behind the end of the data, where a decoder gives up; '' if none does. */
function lostArgument(inputs: readonly ParamType[], data: Hex): string {
  let head = 0
  for (const input of inputs.filter(({ indexed }) => indexed !== true)) {
    const word = data.slice(2 + 2 * head, 2 + 2 * (head + WORD))
    if (isDynamic(input) && (word === '' || BigInt(`0x${word}`) >= BigInt(byteLength(data))))
      return input.name
    head += headBytes(input)
  }
  return ''
}

/** Bytes that an argument takes in the head: a word if dynamic, else all of it. */
function headBytes(type: ParamType): number {
  return isDynamic(type) ? WORD : byteLength(AbiCoder.defaultAbiCoder().encode([type], [blank(type)]) as Hex)
}

function isDynamic(type: ParamType): boolean {
  if (type.arrayChildren !== null) return type.arrayLength === -1 || isDynamic(type.arrayChildren)
  if (type.components !== null) return type.components.some(isDynamic)
  return type.type === 'bytes' || type.type === 'string'
}

/** Any value of a static type. */
function blank(type: ParamType): unknown {
  if (type.arrayChildren !== null) {
    const child = type.arrayChildren
    return Array.from({ length: type.arrayLength ?? 0 }, () => blank(child))
  }
  if (type.components !== null) return type.components.map(blank)
  if (type.type === 'bool') return false
  if (type.type === 'address') return `0x${'00'.repeat(20)}`
  const fixed = /^bytes(\d+)$/.exec(type.type)
  return fixed === null ? 0n : `0x${'00'.repeat(Number(fixed[1]))}`
}
