import { keccak } from '../codec/hex.ts'
import type { Segment } from './measures.ts'

/** Part on which everything is chosen, and part that is looked at once. */
export type Part = 'chosen' | 'judged'

/** Names that are split by whole servers, engines or files. */
export type Split = Readonly<Record<Part, readonly string[]>>

/** Changing it makes other splits. */
const RULE = 'rsdp-split-1'

/** Place of a name in the order that decides: keccak-256 of rule, data set and name. */
function rank(set: string, name: string): string {
  return keccak(new TextEncoder().encode(`${RULE}:${set}:${name}`))
}

/** The half of the names that come first in the order is chosen, the rest is judged. The odd one is judged. */
export function splitNames(set: string, names: readonly string[]): Split {
  const order = [...names].sort((a, b) => (rank(set, a) < rank(set, b) ? -1 : 1))
  const half = Math.floor(order.length / 2)
  return { chosen: order.slice(0, half).sort(), judged: order.slice(half).sort() }
}

/** Part of a person whose name no file of the project may list: the last bit of its place in the order. */
export function partOfPerson(set: string, name: string): Part {
  return Number.parseInt(rank(set, name).slice(-1), 16) % 2 === 0 ? 'chosen' : 'judged'
}

/** Last names of each group in the order, a third but at least one: attacks that no training row shows. */
export function heldOut(set: string, names: readonly string[]): string[] {
  const order = [...names].sort((a, b) => (rank(set, a) < rank(set, b) ? -1 : 1))
  return order.slice(-Math.max(1, Math.floor(order.length / 3))).sort()
}

/** Row at which later time begins: halfway between the two labelled segments in the middle. */
export function laterTime(segments: readonly Segment[]): number {
  const half = Math.floor(segments.length / 2)
  const end = segments[half - 1]?.to ?? 0
  const start = segments[half]?.from ?? end
  return Math.floor((end + start) / 2)
}
