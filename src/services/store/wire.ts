import { encodeCbor } from '../../codec/cbor.ts'
import type { CborValue, DecodedCbor } from '../../codec/cbor.ts'
import { Malformed } from '../../codec/fields.ts'
import { equalBytes } from '../../codec/hex.ts'
import { u128 } from '../fields.ts'
import { decodeStoreTx, encodeStoreTx } from '../transactions/store-message.ts'
import { bytesOf, isCommand, textOf } from './data.ts'
import { byteString, count, decoded, list } from './read.ts'
import type { Command, Entry, Message, Position, StoreRecord, Write } from './types.ts'

/** Longest message between copies, bytes. */
export const MESSAGE_BYTES_MAX = 60_000

const MESSAGES = [
  'append',
  'stored',
  'missing',
  'refused',
  'query',
  'position',
  'pull',
  'tail',
  'snapshot',
  'next-part',
] as const satisfies readonly Message['kind'][]
const WRITES = ['put', 'delete', 'open', 'begin', 'tx'] as const satisfies readonly Write['kind'][]
const RECORDS = ['seen', 'released', 'entries', 'snapshot'] as const satisfies readonly StoreRecord['kind'][]

/** `[kind, token, …]` in the order of the type's fields. */
export function encodeMessage(message: Message): Uint8Array {
  return encodeCbor([MESSAGES.indexOf(message.kind), tokenBytes(message.token), ...fieldsOf(message)])
}

/** Null: bytes that `encodeMessage` would not have written. */
export function decodeMessage(bytes: Uint8Array): Message | null {
  const message = bytes.length > MESSAGE_BYTES_MAX ? null : decoded(bytes, messageOf)
  return message !== null && equalBytes(encodeMessage(message), bytes) ? message : null
}

/** A record as it stands on disk. */
export function encodeRecord(record: StoreRecord): Uint8Array {
  const kind = RECORDS.indexOf(record.kind)
  switch (record.kind) {
    case 'seen':
    case 'released':
      return encodeCbor([kind, tokenBytes(record.token)])
    case 'entries':
      return encodeCbor([kind, record.entries.map(entryItems)])
    case 'snapshot': {
      const { snapshot, isWhole } = record
      return encodeCbor([kind, ...positionItems(snapshot), snapshot.data, isWhole ? 1 : 0])
    }
  }
}

export function decodeRecord(bytes: Uint8Array): StoreRecord | null {
  return decoded(bytes, recordOf)
}

function fieldsOf(message: Message): CborValue[] {
  switch (message.kind) {
    case 'append':
      return [positionItems(message.previous), message.entries.map(entryItems), message.commit]
    case 'stored':
    case 'missing':
      return [message.index]
    case 'refused':
    case 'query':
      return []
    case 'position':
      return [positionItems(message.last)]
    case 'pull':
      return [message.after]
    case 'tail':
      return [positionItems(message.previous), message.entries.map(entryItems)]
    case 'snapshot':
      return [positionItems(message.last), message.part, message.parts, message.bytes]
    case 'next-part':
      return [message.index, message.part]
  }
}

function messageOf(value: DecodedCbor): Message {
  const [number, first, ...rest] = list(value)
  const kind = MESSAGES[count(number)]
  if (kind === undefined) throw new Malformed()
  const token = tokenOf(first)
  const [a, b, c, d] = rest
  const size = { append: 3, position: 1, pull: 1, stored: 1, missing: 1, tail: 2, snapshot: 4 } as const
  const expected = kind === 'next-part' ? 2 : kind === 'query' || kind === 'refused' ? 0 : size[kind]
  if (rest.length !== expected) throw new Malformed()
  switch (kind) {
    case 'append':
      return { kind, token, ...follows(positionOf(a), entriesOf(b)), commit: count(c) }
    case 'stored':
    case 'missing':
      return { kind, token, index: count(a) }
    case 'refused':
    case 'query':
      return { kind, token }
    case 'position':
      return { kind, token, last: positionOf(a) }
    case 'pull':
      return { kind, token, after: count(a) }
    case 'tail':
      return { kind, token, ...follows(positionOf(a), entriesOf(b)) }
    case 'snapshot': {
      const [part, parts] = [count(b), count(c)]
      if (part >= parts) throw new Malformed()
      return { kind, token, last: positionOf(a), part, parts, bytes: byteString(d) }
    }
    case 'next-part':
      return { kind, token, index: count(a), part: count(b) }
  }
}

function recordOf(value: DecodedCbor): StoreRecord {
  const [number, a, b, c, d] = list(value)
  const kind = RECORDS[count(number)]
  switch (kind) {
    case 'seen':
    case 'released':
      return { kind, token: tokenOf(a) }
    case 'entries':
      return { kind, entries: entriesOf(a) }
    case 'snapshot':
      return {
        ...{ kind, isWhole: count(d) === 1 },
        snapshot: { epoch: tokenOf(a), index: count(b), data: byteString(c) },
      }
    default:
      throw new Malformed()
  }
}

function entryItems({ epoch, index, command: { write, id } }: Entry): CborValue {
  const names = id === null ? [] : [id.session, id.seq]
  const body: CborValue[] = []
  if (write.kind === 'put' || write.kind === 'delete') {
    body.push(bytesOf(write.key), write.version === null ? [] : [write.version])
    if (write.kind === 'put') body.push(write.value)
  }
  if (write.kind === 'tx') body.push(write.agreedMs, encodeStoreTx(write.message))
  return [tokenBytes(epoch), index, WRITES.indexOf(write.kind), names, ...body]
}

function entriesOf(value: DecodedCbor | undefined): Entry[] {
  const entries = list(value).map((one): Entry => {
    const [epoch, index, number, names, ...body] = list(one)
    return { epoch: tokenOf(epoch), index: count(index), command: commandOf(number, list(names), body) }
  })
  if (entries.some(({ index }, i) => index !== (entries[0]?.index ?? 0) + i)) throw new Malformed()
  return entries
}

function commandOf(
  number: DecodedCbor | undefined,
  names: readonly DecodedCbor[],
  [key, version, value]: readonly DecodedCbor[],
): Command {
  const kind = WRITES[count(number)]
  const id = names.length === 0 ? null : { session: count(names[0]), seq: count(names[1]) }
  if (kind === 'begin' && id === null) return { write: { kind }, id }
  const command = { write: writeOf(kind, key, version, value), id }
  if (!isCommand(command)) throw new Malformed()
  return command
}

function writeOf(
  kind: Write['kind'] | undefined,
  key: DecodedCbor | undefined,
  version: DecodedCbor | undefined,
  value: DecodedCbor | undefined,
): Write {
  if (kind === 'open') return { kind }
  if (kind === 'tx') {
    const message = decodeStoreTx(byteString(version))
    if (message === null) throw new Malformed()
    return { kind, agreedMs: count(key), message }
  }
  const at = {
    key: textOf(byteString(key)),
    version: list(version).length === 0 ? null : count(list(version)[0]),
  }
  if (kind === 'delete') return { kind, ...at }
  if (kind !== 'put') throw new Malformed()
  return { kind, ...at, value: byteString(value).slice() }
}

/** Entries that begin right behind a position. */
function follows(previous: Position, entries: Entry[]): { previous: Position; entries: Entry[] } {
  const [first] = entries
  if (first !== undefined && first.index !== previous.index + 1) throw new Malformed()
  return { previous, entries }
}

function positionItems({ epoch, index }: Position): [Uint8Array, number] {
  return [tokenBytes(epoch), index]
}

function positionOf(value: DecodedCbor | undefined): Position {
  const [epoch, index] = list(value)
  return { epoch: tokenOf(epoch), index: count(index) }
}

function tokenBytes(token: bigint): Uint8Array {
  const bytes = new Uint8Array(16)
  u128.put(new DataView(bytes.buffer), 0, token)
  return bytes
}

function tokenOf(value: DecodedCbor | undefined): bigint {
  const bytes = byteString(value)
  if (bytes.length !== 16) throw new Malformed()
  return u128.get(new DataView(bytes.buffer, bytes.byteOffset, 16), 0)
}
