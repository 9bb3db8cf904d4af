import { fromHex, toHex } from '../codec/hex.ts'
import { invariant } from '../types/errors.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Codec } from './reducer.ts'

/** A value that takes the same number of bytes whatever it is; every combination of bytes is one value. */
export interface Field<T> {
  readonly bytes: number
  put(view: DataView, at: number, value: T): void
  get(view: DataView, at: number): T
}

/** A row of a state: one per member. */
export interface MemberRow {
  /** 0 … 127; 0 in an input, where the signer says whose it is. */
  readonly member: MemberIndex
}

/** Most rows of a state. */
export const ROWS_MAX = 128

const U64_MAX = 2n ** 64n - 1n

export const u8: Field<number> = {
  bytes: 1,
  put(view, at, value) {
    invariant(Number.isInteger(value) && value >= 0 && value < 256, `${value} is no u8`)
    view.setUint8(at, value)
  },
  get: (view, at) => view.getUint8(at),
}

export const u64: Field<bigint> = {
  bytes: 8,
  put(view, at, value) {
    // setBigUint64 would wrap silently
    invariant(value >= 0n && value <= U64_MAX, `${value} is no u64`)
    view.setBigUint64(at, value)
  },
  get: (view, at) => view.getBigUint64(at),
}

/** Two's complement. */
export const i128: Field<bigint> = {
  bytes: 16,
  put(view, at, value) {
    invariant(BigInt.asIntN(128, value) === value, `${value} is no i128`)
    view.setBigInt64(at, value >> 64n)
    view.setBigUint64(at + 8, BigInt.asUintN(64, value))
  },
  get: (view, at) => (view.getBigInt64(at) << 64n) | view.getBigUint64(at + 8),
}

export const bytes32: Field<Digest> = {
  bytes: 32,
  put(view, at, value) {
    const bytes = fromHex(value)
    invariant(bytes.length === 32, `${value} is no digest`)
    new Uint8Array(view.buffer, view.byteOffset + at, 32).set(bytes)
  },
  get: (view, at) => toHex(new Uint8Array(view.buffer, view.byteOffset + at, 32)),
}

/** Fields one after the other, in the order in which they are listed. */
export function struct<T extends object>(fields: { readonly [Name in keyof T]: Field<T[Name]> }): Field<T> {
  const names = Object.keys(fields) as (keyof T)[]
  return {
    bytes: names.reduce((sum, name) => sum + fields[name].bytes, 0),
    put(view, start, value) {
      let at = start
      for (const name of names) {
        fields[name].put(view, at, value[name])
        at += fields[name].bytes
      }
    },
    get(view, start) {
      const value: Partial<T> = {}
      let at = start
      for (const name of names) {
        value[name] = fields[name].get(view, at)
        at += fields[name].bytes
      }
      return value as T
    },
  }
}

/** Exactly one field; `isSound` says which of its values exist. */
export function fixedCodec<T>(field: Field<T>, isSound: (value: T) => boolean = () => true): Codec<T> {
  return {
    encode(value) {
      const bytes = new Uint8Array(field.bytes)
      field.put(viewOf(bytes), 0, value)
      return bytes
    },
    decode(bytes) {
      if (bytes.length !== field.bytes) return null
      const value = field.get(viewOf(bytes), 0)
      return isSound(value) ? value : null
    },
  }
}

/** `head ‖ u8 count ‖ count × row`; a row begins with its member, members ascend and are below 128. */
export function rowsCodec<Head extends object, Row extends MemberRow>(
  head: Field<Head>,
  row: Field<Row>,
): Codec<Head & { readonly rows: readonly Row[] }> {
  const rowsAt = head.bytes + 1
  return {
    encode(state) {
      const { rows } = state
      invariant(rows.length <= ROWS_MAX, `${rows.length} rows in a state`)
      const bytes = new Uint8Array(rowsAt + rows.length * row.bytes)
      const view = viewOf(bytes)
      head.put(view, 0, state)
      view.setUint8(head.bytes, rows.length)
      rows.forEach((one, i) => row.put(view, rowsAt + i * row.bytes, one))
      return bytes
    },
    decode(bytes) {
      if (bytes.length < rowsAt) return null
      const view = viewOf(bytes)
      if (bytes.length !== rowsAt + view.getUint8(head.bytes) * row.bytes) return null
      // distinct members below 128 also bound the number of rows
      const rows: Row[] = []
      for (let at = rowsAt; at < bytes.length; at += row.bytes) rows.push(row.get(view, at))
      return areByMember(rows) ? { ...head.get(view, 0), rows } : null
    },
  }
}

/** Whether members ascend strictly and are below 128. */
function areByMember(rows: readonly MemberRow[]): boolean {
  return rows.every(({ member }, i) => member < ROWS_MAX && member > (rows[i - 1]?.member ?? -1))
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
