import { byteLength, concatHex, keccak, uint, utf8Hex } from '../../codec/hex.ts'
import { TYPE_NUMBERS, TYPE_STRINGS } from '../../codec/objects.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import type { ObjectType } from '../../types/objects.ts'

/** A signed object as evidence carries it: whatever its signer put in, in the ranges of its type. */
export interface RawObject {
  readonly type: ObjectType
  /** By name, all as integers: digests too. */
  readonly field: (name: string) => bigint
  /** For people, in the order of the type: digests as hex, numbers in decimal. */
  readonly shown: readonly (readonly [name: string, value: string])[]
  readonly hash: Digest
}

const WORD = 32
const FIELDS: Readonly<Record<ObjectType, readonly Field[]>> = {
  hello: fieldsOf('hello'),
  status: fieldsOf('status'),
  share: fieldsOf('share'),
  confirm: fieldsOf('confirm'),
  checkpoint: fieldsOf('checkpoint'),
  close: fieldsOf('close'),
}

const typeHash = (type: ObjectType): Digest => keccak(utf8Hex(TYPE_STRINGS[type]))
const TYPE_HASHES: Readonly<Record<ObjectType, Digest>> = {
  hello: typeHash('hello'),
  status: typeHash('status'),
  share: typeHash('share'),
  confirm: typeHash('confirm'),
  checkpoint: typeHash('checkpoint'),
  close: typeHash('close'),
}

interface Field {
  /** Solidity type. */
  readonly kind: string
  readonly name: string
}

/** The fields after `cluster`, one word each. Null for another length, and for a word outside the range of its type. */
export function readObject(cluster: Digest, typeNumber: bigint, fields: Hex): RawObject | null {
  const type = (Object.keys(TYPE_NUMBERS) as ObjectType[]).find(
    (name) => BigInt(TYPE_NUMBERS[name]) === typeNumber,
  )
  if (type === undefined || byteLength(fields) !== WORD * FIELDS[type].length) return null
  const values = new Map<string, bigint>()
  for (const [i, { kind, name }] of FIELDS[type].entries()) {
    const value = inRange(kind, BigInt(`0x${fields.slice(2 + 64 * i, 66 + 64 * i)}`))
    if (value === null) return null
    values.set(name, value)
  }
  const hash = keccak(concatHex(TYPE_HASHES[type], cluster, fields))
  const shown = FIELDS[type].map(({ kind, name }, i) => {
    const value = values.get(name) ?? 0n
    return [name, kind === 'bytes32' ? `0x${fields.slice(2 + 64 * i, 66 + 64 * i)}` : String(value)] as const
  })
  return { type, hash, shown, field: (name) => values.get(name) ?? 0n }
}

/** `keccak(stateHash ‖ inputsRoot ‖ u256 inputs ‖ u64 eventSeq ‖ eventsHash)` of a SHARE; 0 for a NIL vote, which lists nobody. */
export function valueOf(share: RawObject): bigint {
  if (share.field('inputs') === 0n) return 0n
  const word = (name: string): string => uint(share.field(name), WORD)
  const eventSeq = uint(share.field('eventSeq'), 8)
  const content = [word('stateHash'), word('inputsRoot'), word('inputs'), eventSeq, word('eventsHash')]
  return BigInt(keccak(concatHex(...content)))
}

function inRange(kind: string, word: bigint): bigint | null {
  const bits = Number(/\d+/.exec(kind)?.[0])
  if (kind.startsWith('bytes')) return word
  const value = kind.startsWith('int') ? BigInt.asIntN(256, word) : word
  const wrapped = kind.startsWith('int') ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)
  return wrapped === value ? value : null
}

/** What the type string names after `cluster`. */
function fieldsOf(type: ObjectType): Field[] {
  const text = TYPE_STRINGS[type]
  const [, ...fields] = text.slice(text.indexOf('(') + 1, -1).split(',')
  return fields.map((field) => {
    const [kind = '', name = ''] = field.split(' ')
    return { kind, name }
  })
}
