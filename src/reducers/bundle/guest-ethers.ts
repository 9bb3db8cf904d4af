import { toHex } from '../../codec/hex.ts'
import type { Hex } from '../../types/ids.ts'

/** The sandbox's own function. */
declare const keccak256: (bytes: Uint8Array) => Uint8Array

/** What a bundle has instead of the library of this name: the part that reducers can reach. */
const hash = (bytes: Uint8Array): Hex => toHex(keccak256(bytes))
export { hash as keccak256 }

/** ASCII alone: names and tags. */
export function toUtf8Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => {
    const code = letter.charCodeAt(0)
    if (code > 127) throw new RangeError('not ASCII')
    return code
  })
}
