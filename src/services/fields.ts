import { fromHex, toHex } from '../codec/hex.ts'
import { u64 } from '../reducers/fixed-width.ts'
import type { Field } from '../reducers/fixed-width.ts'
import { invariant } from '../types/errors.ts'
import type { Address } from '../types/ids.ts'

/** Largest u16, and what a u16 measure stands at when nobody has measured it yet. */
export const U16_MAX = 0xffff

/** An unsigned integer of `bytes` bytes, big-endian; at most 6, so that a number holds it. */
function unsigned(bytes: number): Field<number> {
  const limit = 2 ** (8 * bytes)
  return {
    bytes,
    put(view, at, value) {
      invariant(Number.isInteger(value) && value >= 0 && value < limit, `${value} is no u${8 * bytes}`)
      let rest = value
      for (let i = bytes - 1; i >= 0; i -= 1) {
        view.setUint8(at + i, rest % 256)
        rest = Math.floor(rest / 256)
      }
    },
    get(view, at) {
      let value = 0
      for (let i = 0; i < bytes; i += 1) value = value * 256 + view.getUint8(at + i)
      return value
    },
  }
}

export const u16 = unsigned(2)
export const u32 = unsigned(4)
/** Milliseconds since 1970 and durations: 8,900 years. */
export const u48 = unsigned(6)

export const u128: Field<bigint> = {
  bytes: 16,
  put(view, at, value) {
    u64.put(view, at, value >> 64n)
    u64.put(view, at + 8, value & (2n ** 64n - 1n))
  },
  get: (view, at) => (u64.get(view, at) << 64n) | u64.get(view, at + 8),
}

/** A set of seats: bit i = seat i. */
export const seats = u128

export const address: Field<Address> = {
  bytes: 20,
  put(view, at, value) {
    const bytes = fromHex(value)
    invariant(bytes.length === 20, `${value} is no address`)
    new Uint8Array(view.buffer, view.byteOffset + at, 20).set(bytes)
  },
  get: (view, at) => toHex(new Uint8Array(view.buffer, view.byteOffset + at, 20)),
}

/** One of a few names, as its position. Bytes that stand for none read as the first, which encodes to other bytes. */
export function oneOf<Name extends string>(names: readonly [Name, ...Name[]]): Field<Name> {
  return {
    bytes: 1,
    put(view, at, value) {
      const position = names.indexOf(value)
      invariant(position >= 0, `"${value}" is none of ${names.join(', ')}`)
      view.setUint8(at, position)
    },
    get: (view, at) => names[view.getUint8(at)] ?? names[0],
  }
}

/** As many values as there are, one after the other: a list of fixed length. */
export function times<T>(count: number, field: Field<T>): Field<readonly T[]> {
  return {
    bytes: count * field.bytes,
    put(view, at, values) {
      invariant(values.length === count, `${values.length} values instead of ${count}`)
      values.forEach((value, i) => field.put(view, at + i * field.bytes, value))
    },
    get: (view, at) => Array.from({ length: count }, (_, i) => field.get(view, at + i * field.bytes)),
  }
}
