/** Fields of decoded CBOR. Every reader throws `Malformed` for anything unexpected; decoders catch it and answer null. */
import type { Digest } from '../types/ids.ts'
import { toHex } from './hex.ts'

/** What no encoder of ours would have written. Never leaves `src/codec`. */
export class Malformed extends Error {}

export function list(value: unknown, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw new Malformed()
  return value as unknown[]
}

export function bytesOf(value: unknown, length?: number): Uint8Array {
  if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length))
    throw new Malformed()
  return value
}

export function digestOf(value: unknown): Digest {
  return toHex(bytesOf(value, 32))
}

export function integer(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw new Malformed()
  return value
}
