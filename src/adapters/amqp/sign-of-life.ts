import type { Hex } from '../../types/ids.ts'
import { fromHex, toHex } from '../../codec/hex.ts'

/** Body of an `ask` and of an `answer`: nonce 16 ‖ session 16. */
export interface SignOfLife {
  /** Of the question. */
  readonly nonce: Hex
  /** The receiver's session that the sender holds; zeros if it holds none. */
  readonly held: Hex
}

export const NO_SESSION: Hex = `0x${'00'.repeat(16)}`

export function encodeSignOfLife({ nonce, held }: SignOfLife): Uint8Array {
  const body = new Uint8Array(32)
  body.set(fromHex(nonce))
  body.set(fromHex(held), 16)
  return body
}

/** Null if the body is none. */
export function decodeSignOfLife(body: Uint8Array): SignOfLife | null {
  if (body.length !== 32) return null
  return { nonce: toHex(body.subarray(0, 16)), held: toHex(body.subarray(16)) }
}
