import { hasMember } from '../codec/bitmap.ts'
import type { ChainEvent, CoSignCall } from '../ports/chain.ts'
import type { StoredCheckpoint } from '../ports/store.ts'
import type { Cluster } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** A checkpoint as the chain tells of it. */
export type Checkpointed = Extract<ChainEvent, { kind: 'checkpointed' }>

export interface CoSignSeat {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly params: Pick<TaskParams, 'rewardPerHeight'>
}

/**
 * Why a member adds no signature to a checkpoint: it is in the certificate; its heights pay less than the smallest unit;
 * it has another history; or it has not signed these heights itself, which may still come.
 */
export type NoCoSign = 'signed' | 'unpaid' | 'other-root' | 'not-signed'

/**
 * The call that adds a member's signature to the last checkpoint, or why there is none. What the gas is worth in tokens
 * cannot be known: any reward is held to be worth it.
 *
 * @param own the member's durable CHECKPOINT of that height, null if there is none
 */
export function coSignOf(
  { taskId, cluster, self, params }: CoSignSeat,
  checkpoint: Checkpointed,
  own: StoredCheckpoint | null,
): CoSignCall | NoCoSign {
  const { first, height, root, bitmap, sharedSeq, sharedHead } = checkpoint
  if (hasMember(bitmap, self)) return 'signed'
  const weight = BigInt(cluster.members[self]?.weight ?? 0)
  const heights = BigInt(height - first + 1)
  if (params.rewardPerHeight * heights * weight < BigInt(cluster.totalWeight)) return 'unpaid'
  if (own === null) return 'not-signed'
  const { object, signature } = own.signed
  if (object.root !== root) return 'other-root'
  const { logSeq, logHead } = object
  const isShared = logSeq === sharedSeq && logHead === sharedHead
  return { taskId, member: self, logSeq, logHead, note: isShared ? '0x' : (own.note ?? '0x'), signature }
}
