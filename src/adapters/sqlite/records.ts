import { decode, encode } from '@ipld/dag-cbor'
import { decodeSigned, encodeSigned } from '../../codec/frames.ts'
import { fromHex, toHex, uint } from '../../codec/hex.ts'
import { decodeLogEntry, encodeLogEntry } from '../../codec/log.ts'
import { hashObject } from '../../codec/objects.ts'
import type { HistoryEntry, SignRequest, StoredHeight } from '../../ports/store.ts'
import type { Bitmap, Digest } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import type { ObjectType, ProtocolObject, Signed } from '../../types/objects.ts'

/**
 * Bytes of the stored records: dag-cbor, and the 55 packed bytes of a log entry. Every reader throws `BadRecord` for
 * bytes that its writer would not have written.
 */
export class BadRecord extends Error {}

type ShareQuorum = NonNullable<SignRequest['proof']>
type Kept = SignRequest['kept']
type Admission = NonNullable<Kept['admission']>
type List = NonNullable<Kept['list']>

export function readSigned(cluster: Digest, bytes: Uint8Array): Signed {
  const found = decodeSigned(bytes)
  if (found === null || Buffer.compare(encodeSigned(found), bytes) !== 0) throw new BadRecord('signed object')
  return { ...found, hash: hashObject(cluster, found.object) }
}

export function writeLogEntry(entry: LogEntry): Uint8Array {
  return fromHex(encodeLogEntry(entry))
}

export function readLogEntry(bytes: Uint8Array): LogEntry {
  const entry = decodeLogEntry(toHex(bytes))
  if (entry === null) throw new BadRecord('log entry')
  return entry
}

/** `[round, value, stateHash, inputsRoot, inputs, eventSeq, eventsHash, shares]` */
export function writeQuorum(quorum: ShareQuorum): Uint8Array {
  const { stateHash, inputsRoot, inputs, eventSeq, eventsHash } = quorum.content
  return encode([
    quorum.round,
    fromHex(quorum.value),
    fromHex(stateHash),
    fromHex(inputsRoot),
    bitmapBytes(inputs),
    eventSeq,
    fromHex(eventsHash),
    quorum.shares.map(encodeSigned),
  ])
}

export function readQuorum(cluster: Digest, bytes: Uint8Array): ShareQuorum {
  const [round, value, stateHash, inputsRoot, inputs, eventSeq, eventsHash, shares] = fields(decode(bytes), 8)
  return {
    round: integer(round),
    value: digest(value),
    content: {
      stateHash: digest(stateHash),
      inputsRoot: digest(inputsRoot),
      inputs: bitmap(inputs),
      eventSeq: integer(eventSeq),
      eventsHash: digest(eventsHash),
    },
    shares: objects(cluster, shares, isShare),
  }
}

/** `[admission, list, hashes of the bodies]`, the first two null if there is none; the bodies lie by themselves. */
export function writeKept({ admission, list, bodies }: Kept): Uint8Array {
  return encode([
    admission && [admission.height, admission.round, admission.confirms.map(encodeSigned)],
    list && [list.round, bitmapBytes(list.inputs), fromHex(list.inputsRoot), list.objects.map(encodeSigned)],
    [...bodies.keys()].map((hash) => fromHex(hash)),
  ])
}

/** @param body of a hash, as it lies */
export function readKept(cluster: Digest, bytes: Uint8Array, body: (hash: Digest) => Uint8Array): Kept {
  const [admission, list, hashes] = fields(decode(bytes), 3)
  return {
    admission: admission === null ? null : readAdmission(cluster, admission),
    list: list === null ? null : readList(cluster, list),
    bodies: new Map(items(hashes).map((item) => [digest(item), body(digest(item))])),
    note: null,
  }
}

function readAdmission(cluster: Digest, value: unknown): Admission {
  const [height, round, confirms] = fields(value, 3)
  return {
    height: integer(height),
    round: integer(round),
    confirms: objects(cluster, confirms, isConfirm),
  }
}

function readList(cluster: Digest, value: unknown): List {
  const [round, inputs, inputsRoot, listed] = fields(value, 4)
  return {
    round: integer(round),
    inputs: bitmap(inputs),
    inputsRoot: digest(inputsRoot),
    objects: objects(cluster, listed, isInput),
  }
}

/** `[height, value, stateHash, inputs, eventSeq]` */
export function writeHistory({ decided, value }: StoredHeight): Uint8Array {
  const { stateHash, inputs, eventSeq } = decided.share.object
  return encode([decided.height, fromHex(value), fromHex(stateHash), bitmapBytes(inputs), eventSeq])
}

export function readHistory(bytes: Uint8Array): HistoryEntry {
  const [height, value, stateHash, inputs, eventSeq] = fields(decode(bytes), 5)
  return {
    height: integer(height),
    value: digest(value),
    stateHash: digest(stateHash),
    inputs: bitmap(inputs),
    eventSeq: integer(eventSeq),
  }
}

/** `[height, round, value, confirms, share, inputs]`; the state lies with the bodies, under the SHARE's stateHash. */
export function writeHeight({ decided, round, value }: StoredHeight): Uint8Array {
  return encode([
    decided.height,
    round,
    fromHex(value),
    decided.confirms.map(encodeSigned),
    encodeSigned(decided.share),
    decided.inputs.map(encodeSigned),
  ])
}

export function readHeight(cluster: Digest, bytes: Uint8Array): Omit<StoredHeight, 'state'> {
  const [height, round, value, confirms, share, inputs] = fields(decode(bytes), 6)
  const [first] = objects(cluster, [share], isShare)
  if (first === undefined) throw new BadRecord('share')
  return {
    decided: {
      height: integer(height),
      confirms: objects(cluster, confirms, isConfirm),
      share: first,
      inputs: objects(cluster, inputs, isInput),
    },
    round: integer(round),
    value: digest(value),
  }
}

type Of<T extends ObjectType> = Signed<Extract<ProtocolObject, { type: T }>>
const isShare = (signed: Signed): signed is Of<'share'> => signed.object.type === 'share'
const isConfirm = (signed: Signed): signed is Of<'confirm'> => signed.object.type === 'confirm'
const isInput = (signed: Signed): signed is Of<'status'> | Of<'close'> =>
  signed.object.type === 'status' || signed.object.type === 'close'

function objects<T extends Signed>(
  cluster: Digest,
  value: unknown,
  isWanted: (signed: Signed) => signed is T,
): T[] {
  return items(value).map((item) => {
    const signed = readSigned(cluster, bytesOf(item))
    if (!isWanted(signed)) throw new BadRecord(`${signed.object.type} out of place`)
    return signed
  })
}

function fields(value: unknown, count: number): unknown[] {
  const found = items(value)
  if (found.length !== count) throw new BadRecord('fields')
  return found
}

function items(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new BadRecord('list')
  return value as unknown[]
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new BadRecord('bytes')
  return value
}

function digest(value: unknown): Digest {
  const bytes = bytesOf(value)
  if (bytes.length !== 32) throw new BadRecord('digest')
  return toHex(bytes)
}

/** A set of members: 32 bytes. */
function bitmapBytes(bitmap: Bitmap): Uint8Array {
  return fromHex(`0x${uint(bitmap, 32)}`)
}

function bitmap(value: unknown): Bitmap {
  return BigInt(digest(value))
}

function integer(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new BadRecord('integer')
  return value
}
