import type { Digest, MemberIndex } from '../../types/ids.ts'
import type { Selection, WeightFunction } from './profile.ts'

/** h(s*_j), by the member that SHAREd it. */
export interface Vote {
  readonly member: MemberIndex
  readonly stateHash: Digest
}

/** The default weight: everybody the same, which makes the weighted vote the popular one. */
export const equalWeight: WeightFunction = () => 1n

/**
 * C(h') for every candidate: how often it was SHAREd (paper, eq. 5), each vote times its member's weight (eq. 7).
 *
 * @param votes at most one per member
 */
export function countVotes(votes: readonly Vote[], weightOf: WeightFunction): ReadonlyMap<Digest, bigint> {
  const counts = new Map<Digest, bigint>()
  for (const { member, stateHash } of votes) {
    counts.set(stateHash, (counts.get(stateHash) ?? 0n) + weightOf(member))
  }
  return counts
}

/**
 * The candidate with the highest count; of several the least hash. A member can grind its state until the hash is small
 * and so win ties: one of the reasons why profile `bft` decides nothing on a tie.
 *
 * @returns null for no votes
 */
export function electHash(votes: readonly Vote[], weightOf: WeightFunction): Digest | null {
  let elected: Digest | null = null
  let highest = -1n
  for (const [hash, count] of countVotes(votes, weightOf)) {
    if (count > highest || (count === highest && elected !== null && hash < elected)) elected = hash
    if (count > highest) highest = count
  }
  return elected
}

/** The weights that a selection votes with. */
export function voteWeight(selection: Selection, weightOf: WeightFunction | undefined): WeightFunction {
  return selection === 'weighted' ? (weightOf ?? equalWeight) : equalWeight
}
