import type { Address, Digest, Hex } from '../types/ids.ts'
import { concatHex, fromHex, keccak, toHex, uint, utf8Hex } from './hex.ts'

/** What a sealed frame is for: a question for a sign of life, its answer, bytes for one or for all, and the end. */
export type SealedKind = 'ask' | 'answer' | 'direct' | 'broadcast' | 'bye'

/** In the order of their numbers, from 1. */
const KINDS: readonly SealedKind[] = ['ask', 'answer', 'direct', 'broadcast', 'bye']

const VERSION = 1

/** version 1 ‖ kind 1 ‖ sender 20 ‖ session 16 ‖ sequence 8 ‖ signature 65. The body follows. */
export const SEALED_HEADER_BYTES = 111
const SIGNED_BYTES = SEALED_HEADER_BYTES - 65

/** A frame on a medium that proves nothing: who sent it is what its signature says. */
export interface Sealed {
  readonly kind: SealedKind
  readonly sender: Address
  /** 16 random bytes of the sender's process. */
  readonly session: Hex
  /** 1, 2, … in the order in which the sender sealed the frames of its session. */
  readonly sequence: bigint
  /** r ‖ s ‖ v over `sealDigest`. */
  readonly signature: Hex
  readonly body: Uint8Array
}

/** What a seal binds besides the frame: another network or another receiver makes another digest. */
export interface SealScope {
  /** Name of the network, the same at all its members: virtual host and namespace. */
  readonly network: string
  /** Zero address in a broadcast. */
  readonly receiver: Address
}

export const EVERYBODY: Address = `0x${'00'.repeat(20)}`

/**
 * What the sender signs:
 * `keccak("RSDP.sealed.v1" ‖ keccak(network) ‖ receiver ‖ version ‖ kind ‖ sender ‖ session ‖ sequence ‖ keccak(body))`.
 * The text in front sets it apart from every signed object of the protocol, which begins with 0x1901 (EIP-712).
 */
export function sealDigest(frame: Omit<Sealed, 'signature'>, scope: SealScope): Digest {
  return keccak(
    concatHex(
      utf8Hex('RSDP.sealed.v1'),
      keccak(utf8Hex(scope.network)),
      scope.receiver,
      headerOf(frame),
      keccak(frame.body),
    ),
  )
}

export function encodeSealed(frame: Sealed): Uint8Array {
  const bytes = new Uint8Array(SEALED_HEADER_BYTES + frame.body.length)
  bytes.set(fromHex(concatHex(headerOf(frame), frame.signature)))
  bytes.set(frame.body, SEALED_HEADER_BYTES)
  return bytes
}

/** The frame in these bytes, its signature not yet checked; null if they are none. Never throws. */
export function decodeSealed(bytes: Uint8Array): Sealed | null {
  if (bytes.length < SEALED_HEADER_BYTES || bytes[0] !== VERSION) return null
  const kind = KINDS[(bytes[1] ?? 0) - 1]
  if (kind === undefined) return null
  const field = (from: number, to: number): Hex => toHex(bytes.subarray(from, to))
  return {
    kind,
    sender: field(2, 22),
    session: field(22, 38),
    sequence: BigInt(field(38, 46)),
    signature: field(SIGNED_BYTES, SEALED_HEADER_BYTES),
    // a copy: the bytes belong to whoever brought them
    body: new Uint8Array(bytes.subarray(SEALED_HEADER_BYTES)),
  }
}

function headerOf(frame: Omit<Sealed, 'signature' | 'body'>): Hex {
  const kind = KINDS.indexOf(frame.kind) + 1
  return concatHex(uint(VERSION, 1), uint(kind, 1), frame.sender, frame.session, uint(frame.sequence, 8))
}
