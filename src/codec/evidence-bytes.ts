import { decode, encode } from '@ipld/dag-cbor'
import type { Before, Claim, Evidence, EvidenceKind, ListedInput } from '../types/evidence.ts'
import type { Digest } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Hello, ObjectType, Share, Signed } from '../types/objects.ts'
import type { BroughtList } from './claims.ts'
import { decodeSigned, encodeSigned } from './frames.ts'
import { equalBytes, fromHex, toHex, uint } from './hex.ts'
import { decodeLogEntry, encodeLogEntry } from './log.ts'
import { hashObject } from './objects.ts'

/** Bytes of a piece of evidence as a store keeps it. */
export function encodeEvidence(evidence: Evidence): Uint8Array {
  const entries = (list: readonly LogEntry[]): Uint8Array[] =>
    list.map((entry) => fromHex(encodeLogEntry(entry)))
  switch (evidence.kind) {
    case 'E1':
      return encode(['E1', encodeSigned(evidence.first), encodeSigned(evidence.second)])
    case 'E1b':
      return encode(['E1b', encodeSigned(evidence.confirm), encodeSigned(evidence.share)])
    case 'E2':
      return evidence.form === 'illegal'
        ? encode([
            'E2',
            encodeSigned(evidence.checkpoint),
            fromHex(evidence.headBefore),
            entries(evidence.entries),
          ])
        : encode([
            'E2',
            encodeSigned(evidence.first),
            encodeSigned(evidence.second),
            fromHex(evidence.headBefore),
            entries(evidence.entries),
          ])
    case 'E3':
      return encode(['E3', encodeSigned(evidence.vote)])
    case 'E4':
      return encode([
        'E4',
        encodeSigned(evidence.share),
        evidence.inputs.map(({ status, state }) => [encodeSigned(status), state]),
        evidence.closes.map(encodeSigned),
        evidence.confirms.map(encodeSigned),
        ...beforeOf(evidence),
      ])
    case 'E5': {
      const { checkpoint, claim, later, inputs, closes } = evidence
      return encode([
        'E5',
        encodeSigned(checkpoint),
        [claim.height, fromHex(claim.parent), ...contentOf(claim), fromHex(claim.stateHash)],
        later.map((value) => fromHex(value)),
        inputs.map(({ status, state }) => [encodeSigned(status), state]),
        closes.map(encodeSigned),
        ...beforeOf(evidence),
      ])
    }
    case 'E6':
      return encode(['E6', encodeSigned(evidence.other), encodeSigned(evidence.share)])
  }
}

type Content = Omit<Before, 'state' | 'root'>

const contentOf = ({ inputsRoot, inputs, eventSeq, eventsHash }: Content): unknown[] => [
  fromHex(inputsRoot),
  fromHex(`0x${uint(inputs, 32)}`),
  eventSeq,
  fromHex(eventsHash),
]

function beforeOf({ before }: { readonly before?: Before }): unknown[] {
  return before === undefined ? [] : [[before.state, fromHex(before.root), ...contentOf(before)]]
}

/** The evidence about members of `cluster`, or null for bytes that `encodeEvidence` would not have written. Never throws. */
export function decodeEvidence(cluster: Digest, bytes: Uint8Array): Evidence | null {
  try {
    const evidence = readEvidence(cluster, decode<unknown>(bytes))
    return equalBytes(encodeEvidence(evidence), bytes) ? evidence : null
  } catch {
    return null // the CBOR decoder throws on malformed input, and so do the readers below
  }
}

class Malformed extends Error {}

function readEvidence(cluster: Digest, value: unknown): Evidence {
  const [kind, ...fields] = listOf(value)
  const [a, b, c, d, e, f] = fields
  const signed = <T extends ObjectType>(field: unknown, ...types: T[]): SignedAs<T> =>
    readSigned(cluster, field, types)
  switch (kind as EvidenceKind) {
    case 'E1':
      return { kind: 'E1', first: signed(a, ...ANY), second: signed(b, ...ANY) }
    case 'E1b':
      return { kind: 'E1b', confirm: signed(a, 'confirm'), share: signed(b, 'share') }
    case 'E2':
      if (fields.length === 3) {
        const checkpoint = signed(a, 'checkpoint')
        return { kind: 'E2', form: 'illegal', checkpoint, headBefore: readDigest(b), entries: readEntries(c) }
      }
      return {
        kind: 'E2',
        form: 'forked',
        first: signed(a, 'checkpoint'),
        second: signed(b, 'checkpoint'),
        headBefore: readDigest(c),
        entries: readEntries(d),
      }
    case 'E3':
      return { kind: 'E3', vote: signed(a, 'share', 'hello') as Signed<Share> | Signed<Hello> }
    case 'E4':
      return {
        kind: 'E4',
        share: signed(a, 'share'),
        ...readList(cluster, b, c),
        confirms: listOf(d).map((confirm) => signed(confirm, 'confirm')),
        ...readBefore(e),
      }
    case 'E5':
      return {
        kind: 'E5',
        checkpoint: signed(a, 'checkpoint'),
        claim: readClaim(b),
        later: listOf(c).map(readDigest),
        ...readList(cluster, d, e),
        ...readBefore(f),
      }
    case 'E6':
      return { kind: 'E6', other: signed(a, ...ANY), share: signed(b, 'share') }
    default:
      throw new Malformed()
  }
}

function readList(cluster: Digest, inputs: unknown, closes: unknown): BroughtList {
  return {
    inputs: listOf(inputs).map((input): ListedInput => {
      const [status, state] = listOf(input)
      return { status: readSigned(cluster, status, ['status']), state: bytesOf(state) }
    }),
    closes: listOf(closes).map((close) => readSigned(cluster, close, ['close'])),
  }
}

function readClaim(field: unknown): Claim {
  const [height, parent, root, inputs, eventSeq, eventsHash, stateHash] = listOf(field)
  return {
    ...{ height: numberOf(height), parent: readDigest(parent), stateHash: readDigest(stateHash) },
    ...readContent(root, inputs, eventSeq, eventsHash),
  }
}

function readBefore(field: unknown): { readonly before?: Before } {
  if (field === undefined) return {}
  const [state, root, ...content] = listOf(field)
  const [inputsRoot, inputs, eventSeq, eventsHash] = content
  const before = { state: bytesOf(state), root: readDigest(root) }
  return { before: { ...before, ...readContent(inputsRoot, inputs, eventSeq, eventsHash) } }
}

function readContent(root: unknown, inputs: unknown, eventSeq: unknown, eventsHash: unknown): Content {
  return {
    inputsRoot: readDigest(root),
    inputs: BigInt(readDigest(inputs)),
    eventSeq: numberOf(eventSeq),
    eventsHash: readDigest(eventsHash),
  }
}

type SignedAs<T extends ObjectType> = Signed<Extract<Signed['object'], { type: T }>>
const ANY: ObjectType[] = ['hello', 'status', 'share', 'confirm', 'checkpoint']

function readSigned<T extends ObjectType>(cluster: Digest, field: unknown, types: readonly T[]): SignedAs<T> {
  const found = decodeSigned(bytesOf(field))
  if (found === null || !types.some((type) => type === found.object.type)) throw new Malformed()
  return { ...found, hash: hashObject(cluster, found.object) } as SignedAs<T>
}

function readEntries(field: unknown): LogEntry[] {
  return listOf(field).map((entry) => {
    const found = decodeLogEntry(toHex(bytesOf(entry)))
    if (found === null) throw new Malformed()
    return found
  })
}

function readDigest(field: unknown): Digest {
  const bytes = bytesOf(field)
  if (bytes.length !== 32) throw new Malformed()
  return toHex(bytes)
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new Malformed()
  return value as unknown[]
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new Malformed()
  return value
}

function numberOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Malformed()
  return value as number
}
