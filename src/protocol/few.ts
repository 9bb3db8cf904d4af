import type { Cluster } from '../types/cluster.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'

/**
 * Members that do at once what one of them is enough for; the others follow, one group after the other. If less than a third
 * lie, and a third of the frames is lost, one such group in a hundred fails. Up to n = 7 everybody is in the first.
 */
export const FEW = 6

/** Groups of the members beside one. */
export function groupsBeside({ members }: Cluster): number {
  return Math.max(1, Math.ceil((members.length - 1) / FEW))
}

/** Group of a member among those beside another one, from 0. The seats of a group are spread over the cluster. */
export function groupBeside(cluster: Cluster, member: MemberIndex, other: MemberIndex): number {
  const n = cluster.members.length
  return (((member - other + n) % n) + groupsBeside(cluster) - 1) % groupsBeside(cluster)
}

/** Group of a member, from 0, in an order of seats that differs from digest to digest. */
export function groupFor({ members }: Cluster, member: MemberIndex, digest: Digest): number {
  const n = members.length
  const first = Number(BigInt(digest) % BigInt(n))
  const place = (member - first + n) % n
  // the one member that does not pass on what convicts it leaves six others up to n = 7
  return Math.floor(Math.max(0, place - 1) / FEW)
}

/** Members in the order of their seats, from the one after this seat. */
export function fromSeat(
  cluster: Cluster,
  members: readonly MemberIndex[],
  seat: MemberIndex,
): MemberIndex[] {
  const n = cluster.members.length
  const place = (member: MemberIndex): number => (member - seat + n) % n
  return [...members].sort((a, b) => place(a) - place(b))
}
