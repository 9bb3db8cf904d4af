import { invariant } from '../types/errors.ts'
import type { Bitmap, MemberIndex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'

/** Bits of a bitmap on the wire and on chain. */
const BITS = 256
const WORD = 32

/** The set of these members. */
export function bitmapOf(members: readonly MemberIndex[]): Bitmap {
  return members.reduce((bits, member) => {
    invariant(Number.isInteger(member) && member >= 0 && member < MEMBERS_MAX, `no member ${member}`)
    return bits | (1n << BigInt(member))
  }, 0n)
}

/** Members of a bitmap, ascending. Seats that do not exist are listed too: whoever asks for them finds none. */
export function membersOf(bitmap: Bitmap): MemberIndex[] {
  const members: MemberIndex[] = []
  let rest = BigInt.asUintN(BITS, bitmap)
  for (let base = 0; rest !== 0n; base += WORD, rest >>= BigInt(WORD)) {
    // word by word: a shift of a bigint costs as much as some thirty of a number
    let word = Number(BigInt.asUintN(WORD, rest))
    for (let member = base; word !== 0; member += 1, word >>>= 1) if ((word & 1) === 1) members.push(member)
  }
  return members
}

export function hasMember(bitmap: Bitmap, member: MemberIndex): boolean {
  return bitmap !== 0n && ((bitmap >> BigInt(member)) & 1n) === 1n
}

/** Whether a bitmap names a seat that a cluster of `members` does not have. */
export function hasStranger(bitmap: Bitmap, members: number): boolean {
  return bitmap >> BigInt(members) !== 0n
}

/** Bytes that a bitmap of `members` seats takes in a batch: ⌈n / 8⌉. */
export function bitmapBytes(members: number): number {
  return Math.ceil(members / 8)
}
