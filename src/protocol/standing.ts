import type { Cluster } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { ProtocolObject } from '../types/objects.ts'
import { hasHonest, isQuorum, weightOf } from './quorum.ts'

/**
 * What a node knows of what its key has signed in a task.
 *
 * - `whole`: its store has all of it, as far as its own disk can tell
 * - `marked`: something is missing, of no height above `mark`
 * - `lost`: something may be missing, of any height that could have been opened
 */
export type Memory =
  { readonly kind: 'whole' } | { readonly kind: 'marked'; readonly mark: number } | { readonly kind: 'lost' }

/** Members' answers to the question what they hold of this node's objects: the height each is at, by member. */
export type Answers = ReadonlyMap<MemberIndex, number>

/** Nothing may be signed at any height. */
export const SIGN_NOTHING = Infinity

/**
 * The height up to which this node signs nothing, given what it has decided itself.
 *
 * Whole or marked: one honest member was asked first, and showed nothing that the store does not have. Any height that
 * is decided with this node needs members of more than a third beside it, so nobody is kept waiting.
 *
 * Lost, with X the highest height signed: members of more than two thirds had opened X − 1, or it would not have been
 * decided. Others of more than two thirds have answered, none of them from above the next height. An honest member is in
 * both sets: it had opened X − 1, so X − 1 is at most the next height. Claims above that are followed up, not believed.
 */
export function fenceOf(
  cluster: Cluster,
  self: MemberIndex,
  memory: Memory,
  answers: Answers,
  decidedHeight: number,
): number {
  const others = [...answers].filter(([member]) => member !== self)
  const next = decidedHeight + 1
  const heard = memory.kind === 'lost' ? others.filter(([, height]) => height <= next) : others
  const weight = weightOf(
    cluster,
    heard.map(([member]) => member),
  )
  switch (memory.kind) {
    case 'whole':
      return hasHonest(cluster, weight) ? 0 : SIGN_NOTHING
    case 'marked':
      return hasHonest(cluster, weight) ? memory.mark : SIGN_NOTHING
    case 'lost':
      return isQuorum(cluster, weight) ? next + 1 : SIGN_NOTHING
  }
}

/** Whether an object may be signed that the store does not have. A CLOSE has no height, and only one form. */
export function maySign(fence: number, object: ProtocolObject): boolean {
  return 'height' in object ? object.height > fence : fence !== SIGN_NOTHING
}
