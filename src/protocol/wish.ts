import type { MemberIndex } from '../types/ids.ts'
import type { EngineConfig, WishBudget } from './state.ts'
import type { Work } from './work.ts'
import { own } from './work.ts'

/** Heights that one member's wishes open at once before they are held to the pace of the slots. */
export const WISHES_MAX = 4

/** A member asks for a height, with the frame that opens it. Counts once its STATUS is here too. */
export function noteWish(w: Work, from: MemberIndex, height: number): void {
  const box = [w.s.box, w.s.next].find((candidate) => candidate.height === height)
  if (box !== undefined && isOnDemand(w.s.config)) own(w, box, 'wishes').add(from)
}

/** Whether a member that has budget wishes for the height in work, and the last opening is `minHeightTicks` ago. */
export function isWishedFor(w: Work): boolean {
  const { config, tick, anchorTick, wished } = w.s
  if (!isOnDemand(config) || tick - anchorTick < (config.minHeightTicks ?? 0)) return false
  return richest(w, wished) !== null
}

/**
 * The height in work is decided, and a wish had opened it here: of all who wished for it, the member with most budget
 * pays. By now they are the same for everybody who heard them all, whoever was first.
 */
export function payWish(w: Work): void {
  const { s } = w
  const member = s.isByWish ? richest(w, s.isWishing) : null
  s.isByWish = false
  if (member === null) return
  const { left, since } = budgetOf(w, member)
  own(w, s, 'wishBudgets').set(member, { left: left - 1, since })
}

/** Of those who wish for the height in work, the member with most budget; the first by seat. Null: nobody has any. */
function richest(w: Work, isOwn: boolean): MemberIndex | null {
  const { config, box } = w.s
  const heard = [...box.wishes].filter((member) => box.inputs.has(member))
  let best: { member: MemberIndex; left: number } | null = null
  for (const member of [...(isOwn ? [config.self] : []), ...heard].sort((a, b) => a - b)) {
    const { left } = budgetOf(w, member)
    if (left > (best?.left ?? 0)) best = { member, left }
  }
  return best?.member ?? null
}

/** Whether heights of this task open when a member has something to say. */
export function isOnDemand({ minHeightTicks = 0 }: EngineConfig): boolean {
  return minHeightTicks > 0
}

/** What a member has left now: one wish comes back in each slot. */
function budgetOf({ s }: Work, member: MemberIndex): WishBudget {
  const known = s.wishBudgets.get(member)
  if (known === undefined) return { left: WISHES_MAX, since: s.tick }
  const back = Math.floor((s.tick - known.since) / s.config.slotTicks)
  const left = known.left + back
  if (left >= WISHES_MAX) return { left: WISHES_MAX, since: s.tick }
  return { left, since: known.since + back * s.config.slotTicks }
}
