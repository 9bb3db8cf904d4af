import { encodeCbor } from '../../codec/cbor.ts'
import type { CborValue, DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import { equalBytes, fromHex, toHex } from '../../codec/hex.ts'
import { u64 } from '../../reducers/fixed-width.ts'
import type { Address } from '../../types/ids.ts'
import { bytesOf, isKeyName, textOf } from './data.ts'
import { BUCKETS } from './open-replica.ts'
import type { OpenMessage, OpenRecord } from './open-replica.ts'
import { byteString, count, decoded, list } from './read.ts'
import { VALUE_BYTES_MAX } from './types.ts'
import type { Clock, KeyState, Version } from './versions.ts'

const MESSAGES = ['write', 'digest', 'keys'] as const satisfies readonly OpenMessage['kind'][]
const RECORDS = ['key', 'clock'] as const satisfies readonly OpenRecord['kind'][]

/** `[kind, …]` in the order of the type's fields. */
export function encodeOpenMessage(message: OpenMessage): Uint8Array {
  return encodeCbor([MESSAGES.indexOf(message.kind), ...fieldsOf(message)])
}

/** Null: bytes that `encodeOpenMessage` would not have written. */
export function decodeOpenMessage(bytes: Uint8Array): OpenMessage | null {
  const message = decoded(bytes, messageOf)
  return message !== null && equalBytes(encodeOpenMessage(message), bytes) ? message : null
}

/** A record as it stands on disk. */
export function encodeOpenRecord(record: OpenRecord): Uint8Array {
  const kind = RECORDS.indexOf(record.kind)
  return record.kind === 'key'
    ? encodeCbor([kind, ...keyItems(record.key, record.state)])
    : encodeCbor([kind, clockItems(record.clock)])
}

export function decodeOpenRecord(bytes: Uint8Array): OpenRecord | null {
  return decoded(bytes, (value) => {
    const [number, ...rest] = list(value)
    const kind = RECORDS[count(number)]
    if (kind === 'key') return { kind, ...keyOf(rest) }
    if (kind === 'clock') return { kind, clock: clockOf(rest[0]) }
    throw new Malformed()
  })
}

/** `[[author, number] …]`, by author. */
export function clockItems(clock: Clock): CborValue[] {
  return [...clock]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([author, number]) => [fromHex(author as Address), number])
}

/** @throws Malformed */
export function clockOf(value: DecodedCbor | undefined): Clock {
  return new Map(
    list(value).map((one): [string, number] => {
      const [author, number] = list(one)
      return [authorOf(author), count(number)]
    }),
  )
}

function fieldsOf(message: OpenMessage): CborValue[] {
  switch (message.kind) {
    case 'write': {
      const { author, number, causes, key, state } = message
      return [fromHex(author), number, clockItems(causes), ...keyItems(key, state)]
    }
    case 'digest':
      return message.buckets.map((hash) => {
        const bytes = new Uint8Array(8)
        u64.put(new DataView(bytes.buffer), 0, hash)
        return bytes
      })
    case 'keys':
      return [message.keys.map(([key, state]) => keyItems(key, state)), clockItems(message.clock)]
  }
}

function messageOf(value: DecodedCbor): OpenMessage {
  const [number, ...rest] = list(value)
  const kind = MESSAGES[count(number)]
  switch (kind) {
    case 'write': {
      const [author, own, causes, ...key] = rest
      const head = { kind, author: authorOf(author), number: count(own), causes: clockOf(causes) }
      return { ...head, ...keyOf(key) }
    }
    case 'digest':
      if (rest.length !== BUCKETS) throw new Malformed()
      return { kind, buckets: rest.map(hashIn) }
    case 'keys': {
      const [keys, clock] = rest
      const all = list(keys).map((one): [string, KeyState] => {
        const { key, state } = keyOf(list(one))
        return [key, state]
      })
      return { kind, keys: all, clock: clockOf(clock) }
    }
    default:
      throw new Malformed()
  }
}

/** `key, [[author, number, value?] …], context` */
function keyItems(key: string, { versions, context }: KeyState): CborValue[] {
  const items = versions.map(({ author, number, value }) => {
    return [fromHex(author as Address), number, ...(value === null ? [] : [value])]
  })
  return [bytesOf(key), items, clockItems(context)]
}

function keyOf([key, versions, context, ...more]: readonly DecodedCbor[]): { key: string; state: KeyState } {
  const name = textOf(byteString(key))
  if (more.length > 0 || !isKeyName(name)) throw new Malformed()
  return { key: name, state: { versions: list(versions).map(versionOf), context: clockOf(context) } }
}

function versionOf(value: DecodedCbor): Version {
  const [author, number, ...rest] = list(value)
  const [bytes] = rest
  if (rest.length > 1) throw new Malformed()
  const written = bytes === undefined ? null : byteString(bytes).slice()
  if (written !== null && written.length > VALUE_BYTES_MAX) throw new Malformed()
  return { author: authorOf(author), number: count(number), value: written }
}

function hashIn(value: DecodedCbor): bigint {
  const bytes = byteString(value)
  if (bytes.length !== 8) throw new Malformed()
  return u64.get(new DataView(bytes.buffer, bytes.byteOffset, 8), 0)
}

function authorOf(value: DecodedCbor | undefined): Address {
  const bytes = byteString(value)
  if (bytes.length !== 20) throw new Malformed()
  return toHex(bytes)
}
