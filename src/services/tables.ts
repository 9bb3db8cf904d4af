import { equalBytes } from '../codec/hex.ts'
import { struct } from '../reducers/fixed-width.ts'
import type { Field } from '../reducers/fixed-width.ts'
import type { Codec } from '../reducers/reducer.ts'
import { invariant } from '../types/errors.ts'
import { u16 } from './fields.ts'

/** A codec that says how long its longest bytes are: the budget of what it encodes. */
export interface Sized<T> extends Codec<T> {
  readonly bytesMax: number
}

/** Rows of one kind: at most so many, strictly ascending by key. */
export interface Table<Row> {
  readonly row: Field<Row>
  readonly rowsMax: number
  readonly keyOf: (row: Row) => number | bigint
}

type Tables<Rows> = { readonly [Name in keyof Rows]: Table<Rows[Name]> }
type WithRows<Rows> = { readonly [Name in keyof Rows]: readonly Rows[Name][] }

/**
 * `head ‖ for each table: u16 count ‖ rows`. Decodes only what it would have written: rows ascend by key, within the
 * table's limit, every name is known, nothing follows. Encoding more rows than the budget has is a bug of ours: a fold
 * truncates before.
 *
 * @param isSound which values of those that bytes can stand for exist
 */
export function tablesCodec<Head extends object, Rows extends object>(
  head: Field<Head>,
  tables: Tables<Rows>,
  isSound: (value: Head & WithRows<Rows>) => boolean = () => true,
): Sized<Head & WithRows<Rows>> {
  const names = Object.keys(tables) as (keyof Rows)[]
  const codec = {
    bytesMax: names.reduce(
      (sum, name) => sum + 2 + tables[name].rowsMax * tables[name].row.bytes,
      head.bytes,
    ),
    encode(value: Head & WithRows<Rows>): Uint8Array {
      const length = names.reduce(
        (sum, name) => sum + 2 + value[name].length * tables[name].row.bytes,
        head.bytes,
      )
      const bytes = new Uint8Array(length)
      const view = viewOf(bytes)
      head.put(view, 0, value)
      let at = head.bytes
      for (const name of names)
        at = putRows(view, at, tables[name], value[name] as readonly Rows[keyof Rows][])
      return bytes
    },
    decode(bytes: Uint8Array): (Head & WithRows<Rows>) | null {
      if (bytes.length < head.bytes) return null
      const view = viewOf(bytes)
      const rows: Partial<Record<keyof Rows, readonly unknown[]>> = {}
      let at = head.bytes
      for (const name of names) {
        const list = readRows(view, at, tables[name])
        if (list === null) return null
        rows[name] = list
        at += 2 + list.length * tables[name].row.bytes
      }
      if (at !== bytes.length) return null
      const value = { ...head.get(view, 0), ...rows } as Head & WithRows<Rows>
      return isSound(value) && equalBytes(codec.encode(value), bytes) ? value : null
    },
  }
  return codec
}

function putRows<Row>(
  view: DataView,
  start: number,
  { row, rowsMax }: Table<Row>,
  rows: readonly Row[],
): number {
  invariant(rows.length <= rowsMax, `${rows.length} rows, at most ${rowsMax}`)
  u16.put(view, start, rows.length)
  rows.forEach((one, i) => row.put(view, start + 2 + i * row.bytes, one))
  return start + 2 + rows.length * row.bytes
}

function readRows<Row>(view: DataView, start: number, { row, rowsMax, keyOf }: Table<Row>): Row[] | null {
  if (start + 2 > view.byteLength) return null
  const count = u16.get(view, start)
  if (count > rowsMax || start + 2 + count * row.bytes > view.byteLength) return null
  const rows: Row[] = []
  for (let i = 0; i < count; i += 1) {
    const next = row.get(view, start + 2 + i * row.bytes)
    const last = rows.at(-1)
    if (last !== undefined && keyOf(last) >= keyOf(next)) return null
    rows.push(next)
  }
  return rows
}

/** A state that consists of tables alone. */
export const NO_HEAD = struct<object>({})

/** Parts one after the other, each behind its length as u16. */
export function partsCodec<Parts extends object>(parts: {
  readonly [Name in keyof Parts]: Sized<Parts[Name]>
}): Sized<Parts> {
  const names = Object.keys(parts) as (keyof Parts)[]
  return {
    bytesMax: names.reduce((sum, name) => sum + 2 + parts[name].bytesMax, 0),
    encode(value) {
      const encoded = names.map((name) => parts[name].encode(value[name]))
      const bytes = new Uint8Array(encoded.reduce((sum, part) => sum + 2 + part.length, 0))
      let at = 0
      for (const part of encoded) {
        u16.put(viewOf(bytes), at, part.length)
        bytes.set(part, at + 2)
        at += 2 + part.length
      }
      return bytes
    },
    decode(bytes) {
      const value: Partial<Parts> = {}
      let at = 0
      for (const name of names) {
        if (at + 2 > bytes.length) return null
        const length = u16.get(viewOf(bytes), at)
        const part = parts[name].decode(bytes.subarray(at + 2, at + 2 + length))
        if (part === null || at + 2 + length > bytes.length) return null
        value[name] = part
        at += 2 + length
      }
      return at === bytes.length ? (value as Parts) : null
    },
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
