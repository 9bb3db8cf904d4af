import type { Cluster } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'

/** Registered weight of a set of members; each counts once. */
export function weightOf(cluster: Cluster, members: Iterable<MemberIndex>): number {
  let weight = 0
  const counted = new Set<MemberIndex>()
  for (const index of members) {
    const member = cluster.members[index]
    if (member === undefined || counted.has(index)) continue
    counted.add(index)
    weight += member.weight
  }
  return weight
}

/** Registered weight of the signers of votes that are kept by member. */
export function weightOfSigners(cluster: Cluster, votes: ReadonlyMap<MemberIndex, unknown>): number {
  let weight = 0
  for (const member of votes.keys()) weight += cluster.members[member]?.weight ?? 0
  return weight
}

/** `3·w > 2·W`: two such sets share a member of more than a third, so at least one honest one. */
export function isQuorum(cluster: Cluster, weight: number): boolean {
  return cluster.totalWeight > 0 && 3 * weight > 2 * cluster.totalWeight
}

/** `3·w > W`: holds at least one honest member while liars weigh less than a third. */
export function hasHonest(cluster: Cluster, weight: number): boolean {
  return 3 * weight > cluster.totalWeight
}
