import { invariant } from '../types/errors.ts'
import type { MemberIndex } from '../types/ids.ts'
import { MEMBERS_MAX } from '../types/ids.ts'

/** Bitmap u32 of members: bit i = member i. */
export function bitmapOf(members: readonly MemberIndex[]): number {
  return members.reduce((bits, member) => {
    invariant(Number.isInteger(member) && member >= 0 && member < MEMBERS_MAX, `no member ${member}`)
    return bits | (1 << member)
  }, 0)
}

/** Bits of a bitmap, ascending. Bit 31 is listed too, so that whoever asks for that member finds none. */
export function membersOf(bitmap: number): MemberIndex[] {
  const members: MemberIndex[] = []
  for (let member = 0; member < 32; member += 1) {
    if (((bitmap >>> member) & 1) === 1) members.push(member)
  }
  return members
}
