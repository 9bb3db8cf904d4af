/** Random values of what goes over the wire and onto the chain, within the ranges that docs/decisions.md gives. */
import fc from 'fast-check'
import type { BatchHeight, HeadException, PublishedInput } from '../../src/codec/batch.ts'
import type { RawFrame, RawPart, Unverified } from '../../src/codec/frames.ts'
import { keccak, toHex } from '../../src/codec/hex.ts'
import type { NotedEntry } from '../../src/codec/notes.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'
import { MEMBERS_MAX, NIL } from '../../src/types/ids.ts'
import { EVENT_NUMBERS } from '../../src/types/log.ts'
import type { PhaseEvent } from '../../src/types/log.ts'
import type { ProtocolObject } from '../../src/types/objects.ts'

const bytesOf = (length: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)

export const member = fc.nat(MEMBERS_MAX - 1)
export const digest: fc.Arbitrary<Digest> = fc.oneof({ arbitrary: bytesOf(32), weight: 9 }, fc.constant(NIL))
/** Heights and sequence numbers, with the ends more often than chance would have them. */
export const count = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constant(Number.MAX_SAFE_INTEGER))
const u32 = fc.oneof(fc.nat(40), fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1))
const bitmap = fc.oneof(fc.bigInt({ min: 0n, max: 31n }), fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }))
const validRound = fc.oneof(fc.constant(-1), fc.nat(2 ** 31 - 1))

export const protocolObject: fc.Arbitrary<ProtocolObject> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    height: count,
    round: u32,
    value: digest,
    inputsRoot: digest,
    inputs: bitmap,
    validRound,
  }),
  fc.record({
    type: fc.constant('status' as const),
    height: count,
    parent: digest,
    stateHash: digest,
    eventSeq: count,
  }),
  fc.record({
    type: fc.constant('share' as const),
    height: count,
    round: u32,
    parent: digest,
    stateHash: digest,
    inputsRoot: digest,
    inputs: bitmap,
    eventSeq: count,
    eventsHash: digest,
    validRound,
  }),
  fc.record({ type: fc.constant('confirm' as const), height: count, round: u32, value: digest }),
  fc.record({
    type: fc.constant('checkpoint' as const),
    height: count,
    root: digest,
    logSeq: count,
    logHead: digest,
    inputsHash: digest,
  }),
  fc.record({ type: fc.constant('close' as const) }),
)

export const signed: fc.Arbitrary<Unverified> = fc.record({
  object: protocolObject,
  member,
  signature: bytesOf(65),
})
const listOf = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { maxLength: 6 })
const optional = fc.option(digest, { nil: null })
/** By member, each once, and each with something. */
const seen = fc
  .uniqueArray(
    fc.record({
      member,
      status: optional,
      hello: optional,
      share: optional,
      confirm: optional,
      checkpoint: optional,
    }),
    { maxLength: 6, selector: (one) => one.member },
  )
  .map((rows) =>
    rows
      .filter(({ status, hello, share, confirm, checkpoint }) =>
        [status, hello, share, confirm, checkpoint].some((hash) => hash !== null),
      )
      .sort((a, b) => a.member - b.member),
  )

export const part: fc.Arbitrary<RawPart> = fc.oneof(
  fc.record({ kind: fc.constant('ask' as const), height: count }),
  fc.record({ kind: fc.constant('ask' as const), height: count, wish: fc.constant(true as const) }),
  fc.record({ kind: fc.constant('object' as const), signed }),
  fc
    .uint8Array({ maxLength: 300 })
    .map((bytes) => ({ kind: 'body' as const, hash: keccak(bytes), bytes: Uint8Array.from(bytes) })),
  fc.record({
    kind: fc.constant('seen' as const),
    height: count,
    seen,
  }),
  fc.record({ kind: fc.constant('get' as const), hashes: listOf(digest) }),
  fc.record({ kind: fc.constant('sync' as const), fromHeight: count }),
  fc.constant({ kind: 'own' as const }),
  fc.record({ kind: fc.constant('at' as const), height: count }),
  fc.record({
    kind: fc.constant('decided' as const),
    height: count,
    confirms: listOf(signed),
    share: signed,
    inputs: listOf(signed),
  }),
  fc.record({
    kind: fc.constant('roundCertificate' as const),
    height: count,
    round: u32,
    confirms: listOf(signed),
  }),
  fc.record({
    kind: fc.constant('notes' as const),
    firstHeight: count,
    note: fc.uint8Array({ maxLength: 80 }).map(toHex),
  }),
)

export const frame: fc.Arbitrary<RawFrame> = fc.record({ cluster: digest, parts: listOf(part) })

/** Rows by member, each at most once: the one order that packed lists have. */
function byMember<T extends { readonly member: number }>(row: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc
    .uniqueArray(row, { maxLength: MEMBERS_MAX, selector: (item) => item.member })
    .map((rows) => rows.sort((a, b) => a.member - b.member))
}

const u8 = fc.nat(255)
const u16 = fc.nat(65_535)

/** Size of the cluster whose batches are drawn. */
export const BATCH_MEMBERS = 11

export const batch: fc.Arbitrary<BatchHeight[]> = fc.array(
  fc.record({
    hint: u8,
    stateHash: digest,
    inputsRoot: digest,
    eventSeqDelta: u16,
    inputs: fc.bigInt({ min: 0n, max: 2n ** BigInt(BATCH_MEMBERS) - 1n }),
  }),
  { maxLength: 12 },
)

export const exceptions: fc.Arbitrary<HeadException[]> = byMember(
  fc.record({ member, logSeq: count, logHead: digest }),
)

const published: fc.Arbitrary<PublishedInput> = fc.oneof(
  fc.record({ kind: fc.constant('close' as const), member }),
  fc.record({
    kind: fc.constant('status' as const),
    member,
    eventSeq: count,
    state: fc.uint8Array({ maxLength: 40 }).map((bytes) => Uint8Array.from(bytes)),
  }),
)
export const inputs: fc.Arbitrary<PublishedInput[][]> = fc.array(byMember(published), { maxLength: 5 })

/** Decided values of a batch of four heights that starts at 21. */
export const KNOWN = {
  first: 21,
  valueOf: (height: number): Digest => (height >= 20 && height < 25 ? keccak(`0x${height.toString()}`) : NIL),
}
const events = Object.keys(EVENT_NUMBERS) as PhaseEvent[]
const noted: fc.Arbitrary<NotedEntry> = fc.record({
  event: fc.constantFrom(...events),
  height: fc.oneof(fc.integer({ min: 21, max: 24 }), fc.integer({ min: 21, max: 21 + 65_535 })),
  round: u8,
  value: fc.oneof(digest, fc.integer({ min: 20, max: 24 }).map(KNOWN.valueOf)),
})
export const notes = byMember(fc.record({ member, entries: fc.array(noted, { maxLength: 8 }) }))
