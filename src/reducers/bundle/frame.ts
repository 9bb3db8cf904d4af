import { fromHex, toHex } from '../../codec/hex.ts'
import { LEDGER_KIND_NUMBERS } from '../../types/ledger.ts'
import type { LedgerEvent } from '../../types/ledger.ts'
import { ledgerKind } from '../../codec/events.ts'
import { invariant } from '../../types/errors.ts'
import type { RawInput } from '../apply.ts'
import type { AggregateContext, ContextMember } from '../reducer.ts'

/** What a bundle may be asked to do, with its number. */
export const OPERATION = { validate: 0, status: 1, share: 2, close: 3, describe: 4 } as const
export type Operation = keyof typeof OPERATION

/** What `status`, `share` and `close` are asked with. */
export interface CallFrame {
  readonly params: Uint8Array
  readonly context: AggregateContext
  /** `share`: the own aggregate. `close`: the aggregate that members leave. `status`: empty. */
  readonly current: Uint8Array
  readonly inputs: readonly RawInput[]
}

/** What `describe` answers. */
export interface Description {
  /** As the author calls it: `name@version`. A label, not an identity. */
  readonly name: string
  readonly usesPrevious: boolean
  /** Whether the params in question decode. */
  readonly acceptsParams: boolean
}

const NAME_BYTES_MAX = 64

/** `blob params ‖ blob input`; a blob is `u32 length ‖ bytes`. */
export function encodeValidate(params: Uint8Array, input: Uint8Array): Uint8Array {
  return new Writer().blob(params).blob(input).bytes()
}

export function decodeValidate(frame: Uint8Array): {
  readonly params: Uint8Array
  readonly input: Uint8Array
} {
  const reader = new Reader(frame)
  const decoded = { params: reader.blob(), input: reader.blob() }
  reader.end()
  return decoded
}

/**
 * `blob params ‖ bytes32 seed ‖ u32 height ‖ u16 count × (bytes20 key ‖ u16 weight) ‖ blob previous ‖
 * u16 count × (u8 kind ‖ blob data) ‖ blob current ‖ u16 count × (u16 member ‖ blob state)`. Events are numbered from 1.
 */
export function encodeCall({ params, context, current, inputs }: CallFrame): Uint8Array {
  const { seed, height, members, previous, events } = context
  const writer = new Writer().blob(params).raw(fromHex(seed)).uint(height, 4)
  writer.uint(members.length, 2)
  for (const { key, weight } of members) writer.raw(fromHex(key)).uint(weight, 2)
  writer.blob(previous).uint(events.length, 2)
  for (const { kind, data } of events) writer.uint(LEDGER_KIND_NUMBERS[kind], 1).blob(data)
  writer.blob(current).uint(inputs.length, 2)
  for (const { member, state } of inputs) writer.uint(member, 2).blob(state)
  return writer.bytes()
}

export function decodeCall(frame: Uint8Array): CallFrame {
  const reader = new Reader(frame)
  const params = reader.blob()
  const seed = toHex(reader.take(32))
  const height = reader.uint(4)
  const members = reader.list((): ContextMember => ({ key: toHex(reader.take(20)), weight: reader.uint(2) }))
  const previous = reader.blob()
  const events = reader.list((i): LedgerEvent => {
    const kind = ledgerKind(reader.uint(1))
    if (kind === null) throw new RangeError('no such kind of event')
    return { seq: i + 1, kind, data: reader.blob() }
  })
  const current = reader.blob()
  const inputs = reader.list((): RawInput => ({ member: reader.uint(2), state: reader.blob() }))
  reader.end()
  return { params, context: { seed, height, members, previous, events }, current, inputs }
}

/** `blob params` */
export function encodeDescribe(params: Uint8Array): Uint8Array {
  return new Writer().blob(params).bytes()
}

export function decodeDescribe(frame: Uint8Array): Uint8Array {
  const reader = new Reader(frame)
  const params = reader.blob()
  reader.end()
  return params
}

/** `u8 usesPrevious ‖ u8 acceptsParams ‖ name`, in ASCII and at most 64 bytes long. */
export function encodeDescription({ name, usesPrevious, acceptsParams }: Description): Uint8Array {
  const letters = Array.from(name, (letter) => letter.charCodeAt(0))
  return Uint8Array.from([usesPrevious ? 1 : 0, acceptsParams ? 1 : 0, ...letters])
}

/** Null for bytes that describe nothing: a bundle is a stranger's. */
export function decodeDescription(bytes: Uint8Array): Description | null {
  const [previous, accepts, ...letters] = bytes
  if (previous === undefined || accepts === undefined || previous > 1 || accepts > 1) return null
  const name = String.fromCharCode(...letters.slice(0, NAME_BYTES_MAX))
  if (letters.length > NAME_BYTES_MAX || !/^[a-z0-9-]+@\d+$/.test(name)) return null
  return { name, usesPrevious: previous === 1, acceptsParams: accepts === 1 }
}

/** Packed big-endian fields. */
class Writer {
  readonly #parts: Uint8Array[] = []
  #length = 0

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#length += bytes.length
    return this
  }

  uint(value: number, size: 1 | 2 | 4): this {
    invariant(Number.isInteger(value) && value >= 0 && value < 256 ** size, `${value} in ${size} bytes`)
    const bytes = new Uint8Array(size)
    for (let i = 0; i < size; i += 1) bytes[i] = Math.floor(value / 256 ** (size - 1 - i)) & 255
    return this.raw(bytes)
  }

  blob(bytes: Uint8Array): this {
    return this.uint(bytes.length, 4).raw(bytes)
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const part of this.#parts) {
      all.set(part, at)
      at += part.length
    }
    return all
  }
}

/** Reads them inside a bundle. Throws RangeError for what a `Writer` would not have written. */
class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(length: number): Uint8Array {
    const from = this.#at
    if (from + length > this.#bytes.length) throw new RangeError('the frame is cut short')
    this.#at += length
    return this.#bytes.slice(from, from + length)
  }

  uint(size: 1 | 2 | 4): number {
    return this.take(size).reduce((value, byte) => value * 256 + byte, 0)
  }

  blob(): Uint8Array {
    return this.take(this.uint(4))
  }

  list<T>(item: (i: number) => T): T[] {
    return Array.from({ length: this.uint(2) }, (_, i) => item(i))
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new RangeError('the frame is too long')
  }
}
