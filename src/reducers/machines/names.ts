import { fromHex, toHex } from '../../codec/hex.ts'
import type { Address, Hex } from '../../types/ids.ts'
import type { ByteReader, ByteWriter } from '../bytes.ts'

/** Longest name of a lock, a group or a holder, bytes. */
export const NAME_BYTES_MAX = 64
/** Shortest and longest lease, ms: shorter than the skew of clocks nobody could hold one. */
export const TTL_MS = { min: 2_000, max: 3_600_000 } as const

/** Who holds something: a name that a client chose, at the member that proposes for it. */
export interface Holder {
  readonly proposer: Address
  readonly owner: Hex
}

export function isSameHolder(one: Holder | null | undefined, { proposer, owner }: Holder): boolean {
  return one?.proposer === proposer && one.owner === owner
}

/** `u8 length ‖ name`, 1 … 64 bytes. */
export function putName(to: ByteWriter, name: Hex): ByteWriter {
  const bytes = fromHex(name)
  return to.u8(bytes.length).bytes(bytes)
}

/** Null for a name that is empty or too long. */
export function nameIn(from: ByteReader): Hex | null {
  const length = from.u8()
  const name = from.take(length)
  return length > 0 && length <= NAME_BYTES_MAX && !from.failed ? toHex(name) : null
}

/** `address proposer ‖ owner` */
export function putHolder(to: ByteWriter, { proposer, owner }: Holder): ByteWriter {
  return putName(to.bytes(fromHex(proposer)), owner)
}

/** Null for a holder without a name. */
export function holderIn(from: ByteReader): Holder | null {
  const [proposer, owner] = [toHex(from.take(20)), nameIn(from)]
  return owner === null ? null : { proposer, owner }
}

/** 16 bytes. */
export function putToken(to: ByteWriter, token: bigint): ByteWriter {
  return to.u64(token >> 64n).u64(BigInt.asUintN(64, token))
}

export function tokenIn(from: ByteReader): bigint {
  return (from.u64() << 64n) | from.u64()
}

/** Whether names ascend strictly: a state has one order. */
export function ascends(names: readonly Hex[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name)
}
