import { byteLength } from '../codec/hex.ts'
import type { Digest, Hex } from '../types/ids.ts'

/** Position of the mixHash among the fields of a block header. */
const MIX_HASH = 13
const MIX_HASH_BYTES = 32

/** The mixHash of an RLP-encoded block header; null if the bytes are no such header. Fields behind it do not matter. */
export function mixHashOf(header: Hex): Digest | null {
  const prefix = byteAt(header, 0)
  if (prefix === null || prefix < 0xf8) return null
  let next = prefix - 0xf7 + 1
  for (let field = 0; ; field += 1) {
    const place = stringAt(header, next)
    if (place === null || place.end > byteLength(header)) return null
    if (field === MIX_HASH) {
      if (place.end - place.start !== MIX_HASH_BYTES) return null
      return `0x${header.slice(2 + 2 * place.start, 2 + 2 * place.end)}`
    }
    next = place.end
  }
}

/** First byte and end of the RLP string at an offset; null if there is none. */
function stringAt(header: Hex, offset: number): { readonly start: number; readonly end: number } | null {
  const prefix = byteAt(header, offset)
  if (prefix === null || prefix >= 0xc0) return null
  if (prefix < 0x80) return { start: offset, end: offset + 1 }
  if (prefix <= 0xb7) return { start: offset + 1, end: offset + 1 + prefix - 0x80 }
  const start = offset + 1 + prefix - 0xb7
  const length = Number(`0x${header.slice(2 + 2 * (offset + 1), 2 + 2 * start)}`)
  return { start, end: start + length }
}

function byteAt(header: Hex, offset: number): number | null {
  const digits = header.slice(2 + 2 * offset, 4 + 2 * offset)
  return digits.length === 2 ? Number(`0x${digits}`) : null
}
