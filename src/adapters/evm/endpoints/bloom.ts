import { fromHex, keccak } from '../../../codec/hex.ts'
import type { Hex } from '../../../types/ids.ts'

const BLOOM_BYTES = 256

/**
 * Whether a block's bloom filter says that an address or a topic is in one of its logs (Yellow Paper, section 4.3.1). False
 * is certain; true may be chance.
 *
 * @param bloom 256 bytes
 */
export function bloomHas(bloom: Uint8Array, value: Hex): boolean {
  const hash = fromHex(keccak(value))
  return [0, 2, 4].every((at) => {
    const bit = (((hash[at] ?? 0) << 8) | (hash[at + 1] ?? 0)) & 2047
    return ((bloom[BLOOM_BYTES - 1 - (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0
  })
}

/** The filter of a header; null if it has none of the right length. */
export function bloomOf(text: unknown): Uint8Array | null {
  if (typeof text !== 'string' || !/^0x[0-9a-f]{512}$/i.test(text)) return null
  return fromHex(text.toLowerCase() as Hex)
}
