import { bitmapOf, hasMember, membersOf } from '../codec/bitmap.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Close, Signed, SignedInput } from '../types/objects.ts'
import type { IgnoreCode } from './io.ts'
import type { Work } from './work.ts'
import { emit, own, record } from './work.ts'

/**
 * CLOSE (paper, sections 2 and 5): from now on the leaver's list entry is its CLOSE instead of a STATUS; the height whose
 * decided list holds it runs t5, t7; afterwards the member is in no list. Its weight stays in W.
 */
export function requestClose(w: Work): void {
  const { s } = w
  if (s.closes.has(s.config.self)) return
  record(w, { type: 'close' }, null)
}

/** The own CLOSE is durable: tell everybody. */
export function onCloseSigned(w: Work, signed: Signed<Close>): void {
  own(w, w.s, 'closes').set(signed.member, signed)
  emit(w, { kind: 'broadcast', parts: [{ kind: 'object', signed }] })
}

/** Keeps a member's CLOSE. Null if it is new. */
export function keepClose(w: Work, signed: Signed<Close>): IgnoreCode | null {
  if (hasLeft(w, signed.member)) return 'stale'
  if (w.s.closes.has(signed.member)) return 'duplicate'
  own(w, w.s, 'closes').set(signed.member, signed)
  return null
}

export function hasLeft(w: Work, member: MemberIndex): boolean {
  return hasMember(w.s.left, member)
}

/** Members that have asked to leave and are still in lists. */
export function leaving(w: Work): Signed<Close>[] {
  return [...w.s.closes.values()].filter(({ member }) => !hasLeft(w, member))
}

/** The entries that a list of the height in work may have: STATUS, the CLOSE of those who leave, nothing of who left. */
export function entriesOf(w: Work): SignedInput[] {
  const entries = new Map<MemberIndex, SignedInput>(w.s.box.inputs)
  for (const close of leaving(w)) entries.set(close.member, close)
  return [...entries.values()].filter(({ member }) => !hasLeft(w, member))
}

/** After a decision: who is in no list any more. Returns whether anybody left with it. */
export function noteLeavers(w: Work, inputs: readonly SignedInput[]): boolean {
  const leavers = inputs.filter(({ object }) => object.type === 'close').map(({ member }) => member)
  w.s.left = bitmapOf([...membersOf(w.s.left), ...leavers])
  return leavers.length > 0
}
