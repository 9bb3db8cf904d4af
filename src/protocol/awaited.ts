import { membersOf } from '../codec/bitmap.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { Signed } from '../types/objects.ts'
import { hasLeft } from './close.ts'
import type { Work } from './work.ts'
import { own } from './work.ts'

/** Times that a member may let DEBATE run to its time-out; one is forgiven with every n-th height. */
export const PATIENCE = 3

/**
 * Whom DEBATE of round 0 waits for (docs/protocol.md, "Whom DEBATE waits for"): this node
 * itself, and who is in the last decided list or was heard in the last or the running height, has not left, and has not
 * used up this node's patience.
 */
export function awaited(w: Work): MemberIndex[] {
  const { chain, heard, heardBefore, vain, config } = w.s
  const present = new Set([...membersOf(chain.inputs), ...heardBefore, ...heard, config.self])
  return [...present].filter((member) => !hasLeft(w, member) && (vain.get(member) ?? 0) < PATIENCE)
}

/** Whether any member that is waited for is such. Asked with every frame, and true nearly as often: those heard come first. */
export function isAwaited(w: Work, is: (member: MemberIndex) => boolean): boolean {
  const { heard, vain } = w.s
  for (const member of heard)
    if (is(member) && !hasLeft(w, member) && (vain.get(member) ?? 0) < PATIENCE) return true
  return awaited(w).some(is)
}

/**
 * A member is heard by a frame of its own with something that it signed for one of the last two heights or later. Others
 * can bring its objects, but not make it heard. Who is further behind is served first.
 */
export function noteHeard(w: Work, from: MemberIndex, objects: readonly Signed[]): void {
  const { s } = w
  if (s.heard.has(from)) return
  const first = s.box.height - 2
  const isHeard = objects.some(
    ({ member, object }) => member === from && 'height' in object && object.height >= first,
  )
  if (isHeard) own(w, s, 'heard').add(from)
}

/** DEBATE ran to its time-out, with a quorum there, for these: they cost one time-out, and must be heard again first. */
export function noteVain(w: Work, members: readonly MemberIndex[]): void {
  for (const member of members) {
    own(w, w.s, 'heard').delete(member)
    own(w, w.s, 'vain').set(member, (w.s.vain.get(member) ?? 0) + 1)
  }
}

/** A height is decided: who was heard in it is waited for in the next, and with every n-th some patience is back. */
export function turnHearing(w: Work): void {
  const { s } = w
  s.heardBefore = s.heard
  s.heard = new Set()
  if (s.chain.height % s.config.cluster.members.length !== 0) return
  s.vain = new Map([...s.vain].flatMap(([member, times]) => (times > 1 ? [[member, times - 1]] : [])))
}
