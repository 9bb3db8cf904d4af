import type { Frame, Part } from '../types/frames.ts'
import { SEEN_KINDS } from '../types/frames.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'
import type { ObjectType, ProtocolObject, Signed } from '../types/objects.ts'
import type { CborValue } from './cbor.ts'
import { decodeCbor, encodeCbor, EncodedItems } from './cbor.ts'
import { bytesOf, digestOf, integer, list, Malformed } from './fields.ts'
import { keccak, toHex, uint } from './hex.ts'
import { TYPE_NUMBERS } from './objects.ts'
import { encodeSeen, readSeen } from './seen.ts'

/** An object as it arrives: nobody has checked yet who signed it. */
export type Unverified = Omit<Signed, 'hash'>

/** A part as decoded: signed objects still without their hash. */
export type RawPart =
  | Exclude<Part, { kind: 'object' | 'decided' | 'roundCertificate' | 'body' }>
  | { readonly kind: 'object'; readonly signed: Unverified }
  | { readonly kind: 'body'; readonly hash: Digest; readonly bytes: Uint8Array }
  | {
      readonly kind: 'decided'
      readonly height: number
      readonly confirms: readonly Unverified[]
      readonly share: Unverified
      readonly inputs: readonly Unverified[]
    }
  | {
      readonly kind: 'roundCertificate'
      readonly height: number
      readonly round: number
      readonly confirms: readonly Unverified[]
    }

export interface RawFrame {
  readonly cluster: Digest
  readonly parts: readonly RawPart[]
}

const VERSION = 5
const TAGS = {
  ask: 0,
  object: 1,
  body: 2,
  seen: 3,
  get: 4,
  sync: 5,
  decided: 6,
  roundCertificate: 7,
  notes: 8,
  own: 9,
  at: 10,
} as const satisfies Record<Part['kind'], number>

/** Most parts a frame may have. */
export const PARTS_MAX = 256

/** Field kinds of the signed objects, in wire order. */
const FIELDS = {
  hello: ['height', 'round', 'value', 'inputsRoot', 'inputs', 'validRound'],
  status: ['height', 'parent', 'stateHash', 'eventSeq'],
  share: [
    'height',
    'round',
    'parent',
    'stateHash',
    'inputsRoot',
    'inputs',
    'eventSeq',
    'eventsHash',
    'validRound',
  ],
  confirm: ['height', 'round', 'value'],
  checkpoint: ['height', 'root', 'logSeq', 'logHead', 'inputsHash'],
  close: [],
} as const satisfies Record<ObjectType, readonly string[]>
const DIGEST_FIELDS = new Set([
  'value',
  'parent',
  'inputsRoot',
  'stateHash',
  'eventsHash',
  'root',
  'logHead',
  'inputsHash',
])
const BITMAP_FIELD = 'inputs'
const TYPE_NAMES = Object.fromEntries(
  Object.entries(TYPE_NUMBERS).map(([name, number]) => [number, name as ObjectType]),
) as Partial<Record<number, ObjectType>>

/** Bytes of a frame body (docs/decisions.md, section 6). */
export function encodeFrame(frame: Frame | RawFrame): Uint8Array {
  return encodeCbor([VERSION, frame.cluster, frame.parts.map(encodePart)])
}

const framesKnown = new WeakMap<Uint8Array, RawFrame | null>()

/**
 * The frame, or null for bytes that `encodeFrame` would not have written. Never throws. Bytes that were sent are never
 * written to again, so the same ones are decoded once, however many receivers they have in this process.
 */
export function decodeFrame(bytes: Uint8Array): RawFrame | null {
  const known = framesKnown.get(bytes)
  if (known !== undefined) return known
  const frame = decodeOnce(bytes)
  framesKnown.set(bytes, frame)
  return frame
}

function decodeOnce(bytes: Uint8Array): RawFrame | null {
  try {
    // readers take every field as it is and refuse what is left over: what they have read has one encoding
    return readFrame(decodeCbor(bytes))
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

/** One signed object alone, as the sign-once store keeps it. */
export function encodeSigned(signed: Unverified): Uint8Array {
  return encodeCbor(encodeObject(signed))
}

/** The object, or null for bytes that `encodeSigned` would not have written. Never throws. */
export function decodeSigned(bytes: Uint8Array): Unverified | null {
  try {
    return readObject(decodeCbor(bytes))
  } catch (error) {
    if (error instanceof Malformed) return null
    throw error
  }
}

interface EncodedObject {
  readonly member: number
  readonly signature: Hex
  readonly items: EncodedItems
}

/** What was encoded last of each object. The members of a quorum sign equal objects, but not the same one. */
const objectsEncoded = new WeakMap<ProtocolObject, EncodedObject>()

/** A signed object as items of an array. Encoded once, however often it is sent, listed or relayed: it never changes. */
function encodeObject({ object, member, signature }: Unverified): readonly [EncodedItems] {
  const known = objectsEncoded.get(object)
  if (known?.member === member && known.signature === signature) return [known.items]
  const items = new EncodedItems(itemsOf({ object, member, signature }))
  objectsEncoded.set(object, { member, signature, items })
  return [items]
}

function itemsOf(signed: Unverified): CborValue[] {
  const object = signed.object
  const record = object as unknown as Record<string, number | bigint | Digest>
  const fields = FIELDS[object.type].map((name): CborValue => {
    const value = record[name] ?? 0
    return typeof value === 'bigint' ? `0x${uint(value, 32)}` : value
  })
  return [TYPE_NUMBERS[object.type], signed.member, ...fields, signed.signature]
}

function encodePart(part: Part | RawPart): CborValue[] {
  const tag = TAGS[part.kind]
  switch (part.kind) {
    case 'ask':
      return part.wish === true ? [tag, part.height, 1] : [tag, part.height]
    case 'object':
      return [tag, ...encodeObject(part.signed)]
    case 'body':
      return [tag, part.bytes]
    case 'seen':
      return [tag, part.height, ...encodeSeen(part.seen)]
    case 'get':
      return [tag, part.hashes]
    case 'sync':
      return [tag, part.fromHeight]
    case 'own':
      return [tag]
    case 'at':
      return [tag, part.height]
    case 'decided': {
      const decided = 'decided' in part ? part.decided : part
      return [
        tag,
        decided.height,
        decided.confirms.map(encodeObject),
        encodeObject(decided.share),
        decided.inputs.map(encodeObject),
      ]
    }
    case 'roundCertificate': {
      const certificate = 'certificate' in part ? part.certificate : part
      return [tag, certificate.height, certificate.round, certificate.confirms.map(encodeObject)]
    }
    case 'notes':
      return [tag, part.firstHeight, part.note]
  }
}

const U32_MAX = 0xffff_ffff
/** Digests one part may ask for: a STATUS and a state of each member. */
const WANTED_MAX = 2 * MEMBERS_MAX
const limits: Record<string, readonly [number, number]> = {
  height: [0, Number.MAX_SAFE_INTEGER],
  eventSeq: [0, Number.MAX_SAFE_INTEGER],
  logSeq: [0, Number.MAX_SAFE_INTEGER],
  round: [0, U32_MAX],
  validRound: [-1, 0x7fff_ffff],
}

function readFrame(value: unknown): RawFrame | null {
  const [version, cluster, parts, ...rest] = list(value, 3)
  if (version !== VERSION || rest.length > 0) return null
  return { cluster: digestOf(cluster), parts: list(parts, PARTS_MAX).map(readPart) }
}

function readObject(value: unknown): Unverified {
  const [number, member, ...rest] = list(value, 16)
  const type = TYPE_NAMES[integer(number, 1, 6)]
  if (type === undefined) throw new Malformed()
  const names = FIELDS[type]
  if (rest.length !== names.length + 1) throw new Malformed()
  const object: Record<string, unknown> = { type }
  names.forEach((name, i) => {
    const [min, max] = limits[name] ?? [0, 0]
    if (DIGEST_FIELDS.has(name)) object[name] = digestOf(rest[i])
    else if (name === BITMAP_FIELD) object[name] = BigInt(digestOf(rest[i]))
    else object[name] = integer(rest[i], min, max)
  })
  return sameObject(names, {
    object: object as unknown as ProtocolObject,
    member: integer(member, 0, MEMBERS_MAX - 1),
    signature: toHex(bytesOf(rest[names.length], 65)),
  })
}

/** Objects read last, by signature: what is sent again, listed or relayed is the same object, and hashed once. */
const objectsKnown = new Map<Hex, Unverified>()
const OBJECTS_KNOWN_MAX = 4_096

/** The object read before with this signature, if it says the same. */
function sameObject(names: readonly string[], read: Unverified): Unverified {
  const known = objectsKnown.get(read.signature)
  if (known?.member === read.member && known.object.type === read.object.type) {
    const [a, b] = [known.object, read.object] as unknown as Record<string, unknown>[]
    if (names.every((name) => a?.[name] === b?.[name])) return known
  }
  if (objectsKnown.size >= OBJECTS_KNOWN_MAX) objectsKnown.clear()
  objectsKnown.set(read.signature, read)
  return read
}

function readPart(value: unknown): RawPart {
  const [tag, ...fields] = list(value, 16)
  const fixed = (count: number): void => {
    if (fields.length !== count) throw new Malformed()
  }
  const objects = (field: unknown): Unverified[] => list(field, MEMBERS_MAX).map(readObject)
  const height = (field: unknown): number => integer(field, 0, Number.MAX_SAFE_INTEGER)
  switch (tag) {
    case TAGS.ask: {
      const asked = { kind: 'ask', height: height(fields[0]) } as const
      if (fields.length === 1) return asked
      fixed(2)
      integer(fields[1], 1, 1)
      return { ...asked, wish: true }
    }
    case TAGS.object:
      return { kind: 'object', signed: readObject(fields) }
    case TAGS.body: {
      fixed(1)
      // a copy: a state is kept for longer than its frame (`slice` of a Buffer would be a view)
      const bytes = new Uint8Array(bytesOf(fields[0]))
      return { kind: 'body', hash: keccak(bytes), bytes }
    }
    case TAGS.seen:
      fixed(1 + SEEN_KINDS.length)
      return { kind: 'seen', height: height(fields[0]), seen: readSeen(fields.slice(1)) }
    case TAGS.get:
      fixed(1)
      return { kind: 'get', hashes: list(fields[0], WANTED_MAX).map(digestOf) }
    case TAGS.sync:
      fixed(1)
      return { kind: 'sync', fromHeight: height(fields[0]) }
    case TAGS.own:
      fixed(0)
      return { kind: 'own' }
    case TAGS.at:
      fixed(1)
      return { kind: 'at', height: height(fields[0]) }
    case TAGS.decided:
      fixed(4)
      return {
        kind: 'decided',
        height: height(fields[0]),
        confirms: objects(fields[1]),
        share: readObject(fields[2]),
        inputs: objects(fields[3]),
      }
    case TAGS.roundCertificate:
      fixed(3)
      return {
        kind: 'roundCertificate',
        height: height(fields[0]),
        round: integer(fields[1], 0, U32_MAX),
        confirms: objects(fields[2]),
      }
    case TAGS.notes:
      fixed(2)
      return { kind: 'notes', firstHeight: height(fields[0]), note: toHex(bytesOf(fields[1])) }
    default:
      throw new Malformed()
  }
}
