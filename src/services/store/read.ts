import { decodeCbor } from '../../codec/cbor.ts'
import type { DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'

/** @throws Malformed */
export function list(value: DecodedCbor | undefined): readonly DecodedCbor[] {
  if (!Array.isArray(value)) throw new Malformed()
  return value as readonly DecodedCbor[]
}

/** @throws Malformed */
export function count(value: DecodedCbor | undefined): number {
  if (typeof value !== 'number' || value < 0) throw new Malformed()
  return value
}

/** A view of the bytes that were read. @throws Malformed */
export function byteString(value: DecodedCbor | undefined): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Malformed()
  return value
}

/** What bytes stand for; null where `read` throws Malformed. */
export function decoded<T>(bytes: Uint8Array, read: (value: DecodedCbor) => T): T | null {
  try {
    return read(decodeCbor(bytes))
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}
