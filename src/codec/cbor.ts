import { Malformed } from './fields.ts'
import { fromHex } from './hex.ts'
import type { Hex } from '../types/ids.ts'

/**
 * The part of DAG-CBOR (RFC 8949, section 4.2.1) that frames are made of: integers, byte strings and arrays, each of known
 * length. `Hex` stands for a byte string, so that digests are not copied on their way into a frame.
 */
export type CborValue = number | Uint8Array | Hex | readonly CborValue[] | EncodedItems

/** Items of an array that are encoded already: they stand in the array that holds this, one after the other. */
export class EncodedItems {
  readonly count: number
  readonly bytes: Uint8Array

  constructor(items: readonly CborValue[]) {
    this.count = items.length
    this.bytes = new Uint8Array(items.reduce<number>((size, item) => size + sizeOf(item), 0))
    let at = 0
    for (const item of items) at = write(this.bytes, at, item)
  }
}

/** What `decodeCbor` answers: byte strings are views of the bytes that it was given. */
export type DecodedCbor = number | Uint8Array | readonly DecodedCbor[]

const MAJOR = { unsigned: 0, negative: 1, bytes: 2, array: 4 } as const
/** Arrays within arrays that are read: more than a frame has. */
const DEPTH_MAX = 8
const U32 = 2 ** 32

/** Bytes of a value, in its only encoding. Numbers are safe integers. */
export function encodeCbor(value: CborValue): Uint8Array {
  const out = new Uint8Array(sizeOf(value))
  write(out, 0, value)
  return out
}

/** The value, if the bytes are what `encodeCbor` writes for it; else throws `Malformed`. */
export function decodeCbor(bytes: Uint8Array): DecodedCbor {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  if (reader.at !== bytes.length) throw new Malformed()
  return value
}

function headSize(argument: number): number {
  if (argument < 24) return 1
  if (argument < 0x100) return 2
  if (argument < 0x1_0000) return 3
  return argument < U32 ? 5 : 9
}

function sizeOf(value: CborValue): number {
  if (typeof value === 'number') return headSize(value < 0 ? -1 - value : value)
  if (typeof value === 'string') {
    const length = (value.length >> 1) - 1
    return headSize(length) + length
  }
  if (value instanceof Uint8Array) return headSize(value.length) + value.length
  if (value instanceof EncodedItems) return value.bytes.length
  let size = headSize(countOf(value))
  for (const item of value) size += sizeOf(item)
  return size
}

/** Items of an array, those that are encoded already included. */
function countOf(items: readonly CborValue[]): number {
  let count = items.length
  for (const item of items) if (item instanceof EncodedItems) count += item.count - 1
  return count
}

function write(out: Uint8Array, at: number, value: CborValue): number {
  if (typeof value === 'number')
    return value < 0
      ? writeHead(out, at, MAJOR.negative, -1 - value)
      : writeHead(out, at, MAJOR.unsigned, value)
  if (typeof value === 'string' || value instanceof Uint8Array) {
    const bytes = typeof value === 'string' ? fromHex(value) : value
    const from = writeHead(out, at, MAJOR.bytes, bytes.length)
    out.set(bytes, from)
    return from + bytes.length
  }
  if (value instanceof EncodedItems) {
    out.set(value.bytes, at)
    return at + value.bytes.length
  }
  let next = writeHead(out, at, MAJOR.array, countOf(value))
  for (const item of value) next = write(out, next, item)
  return next
}

function writeHead(out: Uint8Array, at: number, major: number, argument: number): number {
  const size = headSize(argument)
  const top = major << 5
  if (size === 1) {
    out[at] = top | argument
    return at + 1
  }
  out[at] = top | { 2: 24, 3: 25, 5: 26, 9: 27 }[size as 2 | 3 | 5 | 9]
  let rest = argument
  for (let i = at + size - 1; i > at; i -= 1) {
    out[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return at + size
}

class Reader {
  readonly #bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  value(depth: number): DecodedCbor {
    const first = this.#byte()
    const argument = this.#argument(first & 31)
    switch (first >> 5) {
      case MAJOR.unsigned:
        return argument
      case MAJOR.negative:
        if (argument === Number.MAX_SAFE_INTEGER) throw new Malformed()
        return -1 - argument
      case MAJOR.bytes: {
        const from = this.at
        this.at += argument
        if (this.at > this.#bytes.length) throw new Malformed()
        return this.#bytes.subarray(from, this.at)
      }
      case MAJOR.array: {
        // an item takes a byte at least: a length that the bytes cannot hold allocates nothing
        if (depth === DEPTH_MAX || argument > this.#bytes.length - this.at) throw new Malformed()
        const items: DecodedCbor[] = []
        for (let i = 0; i < argument; i += 1) items.push(this.value(depth + 1))
        return items
      }
      default:
        throw new Malformed()
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at]
    if (byte === undefined) throw new Malformed()
    this.at += 1
    return byte
  }

  /** The number behind a head, in its shortest form only. */
  #argument(info: number): number {
    if (info < 24) return info
    if (info > 27) throw new Malformed()
    const size = 1 << (info - 24)
    let argument = 0
    for (let i = 0; i < size; i += 1) argument = argument * 256 + this.#byte()
    if (argument > Number.MAX_SAFE_INTEGER || headSize(argument) !== 1 + size) throw new Malformed()
    return argument
  }
}
