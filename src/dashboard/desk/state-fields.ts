import { keccak } from '../../codec/hex.ts'
import { fromHex } from '../../codec/hex.ts'
import { findReducer } from '../../reducers/catalog.ts'
import type { Hex } from '../../types/ids.ts'
import type { DecodedState } from './messages.ts'

/** Fields of one state that are shown. */
const FIELDS_MAX = 512

/** States by the description that their reducer has of them. */
export function decodeStates(reducer: string, states: readonly Hex[]): DecodedState[] {
  const codec = findReducer(reducer)?.state ?? null
  return states.map((state) => {
    const bytes = fromHex(state)
    const value = codec?.decode(bytes) ?? null
    return { hash: keccak(bytes), fields: value === null ? null : leavesOf(value, '').slice(0, FIELDS_MAX) }
  })
}

/** Values by path: bytes as hex, numbers in decimal. */
function leavesOf(value: unknown, path: string): [string, string][] {
  if (value instanceof Uint8Array) return [[path, hexOf(value)]]
  if (typeof value !== 'object' || value === null) return [[path, String(value)]]
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value)
  return entries.flatMap(([name, field]: [unknown, unknown]) =>
    leavesOf(field, path === '' ? String(name) : `${path}.${String(name)}`),
  )
}

function hexOf(bytes: Uint8Array): string {
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}
