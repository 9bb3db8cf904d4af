import { crc32 } from 'node:zlib'

/**
 * SQLite checks its log but not its pages: a bit that flips on the disk would be read back as if it had been written.
 * So every record carries a CRC-32 over itself and over the key it is stored under.
 */
const SUM_BYTES = 4

/** The record with its checksum in front. */
export function seal(key: string, record: Uint8Array): Uint8Array {
  const sealed = Buffer.alloc(SUM_BYTES + record.length)
  sealed.writeUInt32BE(sum(key, record))
  sealed.set(record, SUM_BYTES)
  return sealed
}

/** The record, or null if it is not what was sealed under this key. */
export function unseal(key: string, sealed: Uint8Array): Uint8Array | null {
  if (sealed.length < SUM_BYTES) return null
  const record = sealed.subarray(SUM_BYTES)
  return Buffer.from(sealed.buffer, sealed.byteOffset).readUInt32BE() === sum(key, record) ? record : null
}

function sum(key: string, record: Uint8Array): number {
  return crc32(record, crc32(key))
}

/**
 * Takes a stored record out of its seal and decodes it. Throws E_STORE_CORRUPT if it is not what was stored under this
 * key. Given to the tables by the store, which then signs nothing any more.
 */
export type OpenRecord = <T>(key: string, record: unknown, read: (bytes: Uint8Array) => T) => T
