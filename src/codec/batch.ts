import { invariant } from '../types/errors.ts'
import type { Bitmap, Digest, Hex, MemberIndex } from '../types/ids.ts'
import { MEMBERS_MAX, NIL } from '../types/ids.ts'
import type { SignedInput } from '../types/objects.ts'
import { bitmapBytes, hasStranger } from './bitmap.ts'
import { concatHex, fromHex, keccak, toHex, uint } from './hex.ts'
import { Reader } from './reader.ts'

/** One height as a checkpoint carries it (docs/decisions.md, section 5). */
export interface BatchHeight {
  /** Deciding round of the shared log; unsigned, right iff the signed head comes out. */
  readonly hint: number
  readonly stateHash: Digest
  readonly inputsRoot: Digest
  readonly eventSeqDelta: number
  /** Members listed. */
  readonly inputs: Bitmap
}

/** Where a signer's log stands when it differs from the shared one. */
export interface HeadException {
  readonly member: MemberIndex
  readonly logSeq: number
  readonly logHead: Digest
}

/** A published input: the state and eventSeq that a member signed, or its CLOSE. */
export type PublishedInput =
  | {
      readonly kind: 'status'
      readonly member: MemberIndex
      readonly eventSeq: number
      readonly state: Uint8Array
    }
  | { readonly kind: 'close'; readonly member: MemberIndex }

const CLOSE_FLAG = 128

/** Whether rows are in the one order that is canonical: by member, each at most once. */
export function ascending(rows: readonly { readonly member: MemberIndex }[]): boolean {
  return rows.every(({ member }, i) => member > (rows[i - 1]?.member ?? -1) && member < MEMBERS_MAX)
}

/** The heights of a cluster with so many members, packed. */
export function encodeBatch(heights: readonly BatchHeight[], members: number): Hex {
  invariant(
    heights.every(({ inputs }) => !hasStranger(inputs, members)),
    'lists of members',
  )
  return concatHex(
    ...heights.flatMap((height) => [
      uint(height.hint, 1),
      height.stateHash,
      height.inputsRoot,
      uint(height.eventSeqDelta, 2),
      uint(height.inputs, bitmapBytes(members)),
    ]),
  )
}

/** The heights, or null for bytes that `encodeBatch` would not have written. */
export function decodeBatch(batch: Hex, members: number): BatchHeight[] | null {
  const reader = new Reader(batch)
  const heights: BatchHeight[] = []
  while (!reader.done) {
    heights.push({
      hint: reader.uint(1),
      stateHash: reader.bytes(32),
      inputsRoot: reader.bytes(32),
      eventSeqDelta: reader.uint(2),
      inputs: BigInt(reader.bytes(bitmapBytes(members))),
    })
  }
  const isSound = heights.every(({ inputs }) => !hasStranger(inputs, members))
  return reader.failed || !isSound ? null : heights
}

export function encodeExceptions(exceptions: readonly HeadException[]): Hex {
  invariant(ascending(exceptions), 'exceptions by member')
  return concatHex(
    ...exceptions.flatMap((exception) => [
      uint(exception.member, 1),
      uint(exception.logSeq, 8),
      exception.logHead,
    ]),
  )
}

/** The exceptions, or null for bytes that `encodeExceptions` would not have written. */
export function decodeExceptions(packed: Hex): HeadException[] | null {
  const reader = new Reader(packed)
  const exceptions: HeadException[] = []
  while (!reader.done) {
    exceptions.push({ member: reader.uint(1), logSeq: reader.uint64(), logHead: reader.bytes(32) })
  }
  return reader.failed || !ascending(exceptions) ? null : exceptions
}

/** The signed inputs of a decided height, as they are published. */
export function publishedInputs(
  inputs: readonly SignedInput[],
  bodyOf: (stateHash: Digest) => Uint8Array | null,
): PublishedInput[] {
  return inputs.map(({ member, object }): PublishedInput => {
    if (object.type === 'close') return { kind: 'close', member }
    const state = bodyOf(object.stateHash) ?? new Uint8Array()
    return { kind: 'status', member, eventSeq: object.eventSeq, state }
  })
}

/** What a CHECKPOINT says of the packed inputs of its batch. */
export function inputsHashOf(packed: Hex): Digest {
  return packed === '0x' ? NIL : keccak(packed)
}

/** Inputs of consecutive heights: per height `u8 count`, then the inputs by member. */
export function encodeInputs(heights: readonly (readonly PublishedInput[])[]): Hex {
  invariant(heights.every(ascending), 'inputs by member')
  return concatHex(
    ...heights.flatMap((inputs) => [
      uint(inputs.length, 1),
      ...inputs.flatMap((input) =>
        input.kind === 'close'
          ? [uint(CLOSE_FLAG + input.member, 1)]
          : [uint(input.member, 1), uint(input.eventSeq, 8), uint(input.state.length, 2), toHex(input.state)],
      ),
    ]),
  )
}

/** The inputs by height, or null for bytes that `encodeInputs` would not have written. */
export function decodeInputs(packed: Hex): PublishedInput[][] | null {
  const reader = new Reader(packed)
  const heights: PublishedInput[][] = []
  while (!reader.done && !reader.failed) {
    const count = reader.uint(1)
    const inputs: PublishedInput[] = []
    for (let i = 0; i < count; i += 1) inputs.push(readInput(reader))
    if (!ascending(inputs)) return null
    heights.push(inputs)
  }
  return reader.failed ? null : heights
}

function readInput(reader: Reader): PublishedInput {
  const head = reader.uint(1)
  if (head >= CLOSE_FLAG) return { kind: 'close', member: head - CLOSE_FLAG }
  const eventSeq = reader.uint64()
  return { kind: 'status', member: head, eventSeq, state: fromHex(reader.bytes(reader.uint(2))) }
}
