import { bitmapBytes } from '../codec/bitmap.ts'
import { byteLength } from '../codec/hex.ts'
import type { Hex } from '../types/ids.ts'

/** A field of packed bytes. */
export interface PackedField {
  readonly path: string
  readonly from: number
  readonly length: number
}

/** Cuts bytes into named fields, from the left; runs dry at the end instead of failing. */
class Cutter {
  readonly fields: PackedField[] = []
  readonly #hex: Hex
  #at = 0

  constructor(hex: Hex) {
    this.#hex = hex
  }

  done(): boolean {
    return this.#at >= byteLength(this.#hex)
  }

  cut(path: string, length: number): number {
    const from = 2 + 2 * this.#at
    this.fields.push({ path, from: this.#at, length })
    this.#at += length
    return Number.parseInt(this.#hex.slice(from, from + 2 * Math.min(length, 4)), 16) || 0
  }
}

const CLOSE_FLAG = 128
const EXPLICIT_VALUE = 3

/** Fields per layout (docs/decisions.md, section 5). Lists are numbered from 0. */
const LAYOUTS: Readonly<Record<string, (cutter: Cutter, members: number) => void>> = {
  batch(cutter, members) {
    for (let i = 0; !cutter.done(); i += 1) {
      cutter.cut(`.hint[${i}]`, 1)
      cutter.cut(`.stateHash[${i}]`, 32)
      cutter.cut(`.inputsRoot[${i}]`, 32)
      cutter.cut(`.eventSeqDelta[${i}]`, 2)
      cutter.cut(`.inputs[${i}]`, bitmapBytes(members))
    }
  },
  exceptions(cutter) {
    for (let i = 0; !cutter.done(); i += 1) {
      cutter.cut(`[${i}].member`, 1)
      cutter.cut(`[${i}].logSeq`, 8)
      cutter.cut(`[${i}].logHead`, 32)
    }
  },
  notes(cutter) {
    for (let i = 0; !cutter.done(); i += 1) {
      cutter.cut(`[${i}].member`, 1)
      const count = cutter.cut(`[${i}].count`, 2)
      for (let j = 0; j < count && !cutter.done(); j += 1) {
        const entry = `[${i}].entries[${j}]`
        cutter.cut(`${entry}.event`, 1)
        cutter.cut(`${entry}.height`, 2)
        cutter.cut(`${entry}.round`, 1)
        if (cutter.cut(`${entry}.tag`, 1) === EXPLICIT_VALUE) cutter.cut(`${entry}.value`, 32)
      }
    }
  },
  inputs(cutter) {
    for (let i = 0; !cutter.done(); i += 1) {
      const count = cutter.cut(`[${i}].count`, 1)
      for (let j = 0; j < count && !cutter.done(); j += 1) {
        if (cutter.cut(`[${i}][${j}].member`, 1) >= CLOSE_FLAG) continue
        cutter.cut(`[${i}][${j}].eventSeq`, 8)
        cutter.cut(`[${i}][${j}].state`, cutter.cut(`[${i}][${j}].length`, 2))
      }
    }
  },
}

/** What packed bytes hold. */
export interface Layout {
  readonly name: string
  /** Size of the cluster: the lists of a batch are as long as it takes. */
  readonly members: number
}

/** All fields of packed bytes, in order; none for a layout that is not known. */
export function packedFields({ name, members }: Layout, bytes: Hex): readonly PackedField[] {
  const cutter = new Cutter(bytes)
  LAYOUTS[name]?.(cutter, members)
  return cutter.fields
}

/** The field that holds a byte; `.length` behind the end. */
export function packedFieldAt(layout: Layout, bytes: Hex, offset: number): PackedField {
  const end = byteLength(bytes)
  const found = packedFields(layout, bytes).find(
    ({ from, length }) => offset >= from && offset < from + length && from + length <= end,
  )
  return found ?? { path: '.length', from: Math.min(offset, end), length: Number.MAX_SAFE_INTEGER / 4 }
}
