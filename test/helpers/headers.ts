import { encodeRlp } from 'ethers'
import { keccak, utf8Hex } from '../../src/codec/hex.ts'
import type { Digest, Hex } from '../../src/types/ids.ts'

export interface HeaderFacts {
  readonly mixHash: Hex
  readonly parentHash?: Digest
  readonly number?: bigint
  readonly timestamp?: bigint
  readonly extraData?: Hex
  /** Fields behind the nonce, which forks append. */
  readonly appended?: readonly Hex[]
}

/** A block header that no chain has made, with zeros in the fields that nobody reads. */
export function madeHeader(facts: HeaderFacts): Hex {
  const { mixHash, parentHash = keccak(utf8Hex('parent')), number = 7n, timestamp = 1_000n } = facts
  const word = `0x${'00'.repeat(32)}`
  return encodeRlp([
    ...[parentHash, word, `0x${'00'.repeat(20)}`, word, word, word, `0x${'00'.repeat(256)}`],
    ...['0x', quantity(number), quantity(30_000_000n), '0x', quantity(timestamp)],
    ...[facts.extraData ?? '0x', mixHash, `0x${'00'.repeat(8)}`, quantity(7n)],
    ...(facts.appended ?? []),
  ]) as Hex
}

function quantity(value: bigint): Hex {
  const digits = value === 0n ? '' : value.toString(16)
  return `0x${digits.length % 2 === 0 ? '' : '0'}${digits}`
}

/** Hex with the byte at one of its characters replaced. */
export function withByte(hex: string, at: number, byte: string): Hex {
  return `0x${hex.slice(2, at)}${byte}${hex.slice(at + 2)}`
}
