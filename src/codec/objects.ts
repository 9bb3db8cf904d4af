import type { Address, Bitmap, Digest, Hex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { ObjectType, ProtocolObject, Share } from '../types/objects.ts'
import { concatHex, hashInput, keccak, uint, utf8Hex } from './hex.ts'

/** EIP-712 type strings: the one source for hashes here, and the text that the contracts repeat. */
export const TYPE_STRINGS = {
  hello:
    'Hello(bytes32 cluster,uint64 height,uint32 round,bytes32 value,bytes32 inputsRoot,uint256 inputs,int32 validRound)',
  status: 'Status(bytes32 cluster,uint64 height,bytes32 parent,bytes32 stateHash,uint64 eventSeq)',
  share:
    'Share(bytes32 cluster,uint64 height,uint32 round,bytes32 parent,bytes32 stateHash,bytes32 inputsRoot,uint256 inputs,uint64 eventSeq,bytes32 eventsHash,int32 validRound)',
  confirm: 'Confirm(bytes32 cluster,uint64 height,uint32 round,bytes32 value)',
  checkpoint:
    'Checkpoint(bytes32 cluster,uint64 height,bytes32 root,uint64 logSeq,bytes32 logHead,bytes32 inputsHash)',
  close: 'Close(bytes32 cluster)',
} as const satisfies Record<ObjectType, string>

/** On the wire and in evidence: the type's number. */
export const TYPE_NUMBERS = {
  hello: 1,
  status: 2,
  share: 3,
  confirm: 4,
  checkpoint: 5,
  close: 6,
} as const satisfies Record<ObjectType, number>

export interface Domain {
  readonly chainId: bigint
  /** PhaseLog. */
  readonly verifyingContract: Address
  /** PhaseLog's deploymentId: a restarted local chain has the same chain id and addresses. */
  readonly salt: Digest
}

const typeHash = (text: string): Digest => keccak(utf8Hex(text))
const TYPE_HASHES: Record<ObjectType, Digest> = {
  hello: typeHash(TYPE_STRINGS.hello),
  status: typeHash(TYPE_STRINGS.status),
  share: typeHash(TYPE_STRINGS.share),
  confirm: typeHash(TYPE_STRINGS.confirm),
  checkpoint: typeHash(TYPE_STRINGS.checkpoint),
  close: typeHash(TYPE_STRINGS.close),
}
const DOMAIN_TYPE_HASH = typeHash(
  'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)',
)

const word = (value: number | bigint): string => uint(value, 32)
/** −1 as int32 validRound. */
const MINUS_ONE: Digest = `0x${'ff'.repeat(32)}`
const signed = (value: number): Digest | number => (value === -1 ? MINUS_ONE : value)

/** EIP-712 domain separator (docs/decisions.md, section 2). */
export function domainSeparator(domain: Domain): Digest {
  const name = keccak(utf8Hex('RSDP'))
  const version = keccak(utf8Hex('3'))
  return keccak(
    concatHex(
      DOMAIN_TYPE_HASH,
      name,
      version,
      word(domain.chainId),
      domain.verifyingContract.slice(2).padStart(64, '0'),
      domain.salt,
    ),
  )
}

const hashesKnown = new WeakMap<ProtocolObject, { readonly cluster: Digest; readonly hash: Digest }>()

/** EIP-712 hashStruct: the identity of an object within its deployment. Hashed once per object: it never changes. */
export function hashObject(cluster: Digest, object: ProtocolObject): Digest {
  const known = hashesKnown.get(object)
  if (known?.cluster === cluster) return known.hash
  const input = hashInput().hex(TYPE_HASHES[object.type]).hex(cluster)
  for (const field of fieldsOf(object)) {
    if (typeof field === 'string') input.hex(field)
    else input.uint(field, 32)
  }
  const hash = input.hash()
  hashesKnown.set(object, { cluster, hash })
  return hash
}

const digestsKnown = new WeakMap<
  ProtocolObject,
  { readonly separator: Digest; readonly hash: Digest; readonly digest: Digest }
>()

/** What a member signs of an object: `signingDigest` of its hashStruct, computed once per object. */
export function objectDigest(separator: Digest, cluster: Digest, object: ProtocolObject): Digest {
  const hash = hashObject(cluster, object)
  const known = digestsKnown.get(object)
  if (known?.separator === separator && known.hash === hash) return known.digest
  const digest = signingDigest(separator, hash)
  digestsKnown.set(object, { separator, hash, digest })
  return digest
}

/** Fields of an object after `cluster`, abi-encoded, as a contract takes them in evidence. */
export function encodeFields(object: ProtocolObject): Hex {
  return concatHex(...fieldsOf(object).map((field) => (typeof field === 'string' ? field : word(field))))
}

/** What is signed: `keccak(0x1901 ‖ separator ‖ hashStruct)`. */
export function signingDigest(separator: Digest, hash: Digest): Digest {
  return hashInput().hex('0x1901').hex(separator).hex(hash).hash()
}

/** Fields in the order of the type string, one word each. */
function fieldsOf(object: ProtocolObject): readonly (Digest | number | bigint)[] {
  switch (object.type) {
    case 'hello': {
      const { height, round, value, inputsRoot: root, inputs, validRound } = object
      return [height, round, value, root, inputs, signed(validRound)]
    }
    case 'status':
      return [object.height, object.parent, object.stateHash, object.eventSeq]
    case 'share': {
      const { height, round, parent, stateHash, inputsRoot: root, inputs } = object
      const { eventSeq, eventsHash, validRound } = object
      return [height, round, parent, stateHash, root, inputs, eventSeq, eventsHash, signed(validRound)]
    }
    case 'confirm':
      return [object.height, object.round, object.value]
    case 'checkpoint':
      return [object.height, object.root, object.logSeq, object.logHead, object.inputsHash]
    case 'close':
      return []
  }
}

/** A member signs at most one object per key (docs/decisions.md, section 2). Unique within a cluster. */
export function signOnceKey(object: ProtocolObject): string {
  switch (object.type) {
    case 'hello':
    case 'share':
    case 'confirm':
      return `${object.type}/${object.height}/${object.round}`
    case 'status':
    case 'checkpoint':
      return `${object.type}/${object.height}`
    case 'close':
      return object.type
  }
}

/** The value a SHARE votes for; NIL for a NIL vote. */
export function shareValue(share: Share): Digest {
  return share.inputs === 0n ? NIL : valueHash(share)
}

/** What a value stands for. */
export type ValueContent = Pick<Share, 'stateHash' | 'inputsRoot' | 'inputs' | 'eventSeq' | 'eventsHash'>

/** The content of NIL. */
export const NOTHING: ValueContent = {
  stateHash: NIL,
  inputsRoot: NIL,
  inputs: 0n,
  eventSeq: 0,
  eventsHash: NIL,
}

/** `keccak(stateHash ‖ inputsRoot ‖ u256 inputs ‖ u64 eventSeq ‖ eventsHash)`: a vote agrees on state, inputs and events. */
export function valueHash({
  stateHash,
  inputsRoot: root,
  inputs,
  eventSeq,
  eventsHash,
}: ValueContent): Digest {
  return hashInput().hex(stateHash).hex(root).uint(inputs, 32).uint(eventSeq, 8).hex(eventsHash).hash()
}

/** `keccak(u256 inputs ‖ hashStruct of each listed object, by member)`. */
export function inputsRoot(inputs: Bitmap, hashes: readonly Digest[]): Digest {
  const input = hashInput().uint(inputs, 32)
  for (const hash of hashes) input.hex(hash)
  return input.hash()
}

/** The digest a signing key signs when it is registered, in NodeRegistry's own domain (no salt). */
export function registerDigest(chainId: bigint, registry: Address, operator: Address, key: Address): Digest {
  const domainType = typeHash(
    'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)',
  )
  const address = (value: Address): string => value.slice(2).padStart(64, '0')
  const separator = keccak(
    concatHex(domainType, keccak(utf8Hex('RSDP')), keccak(utf8Hex('3')), word(chainId), address(registry)),
  )
  const struct = keccak(
    concatHex(typeHash('Register(address operator,address key)'), address(operator), address(key)),
  )
  return signingDigest(separator, struct)
}
