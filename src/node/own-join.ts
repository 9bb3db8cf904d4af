import type { ChainEvent } from '../ports/chain.ts'
import { memoryOf } from './memory.ts'
import type { NodeInit } from './node-init.ts'

/**
 * A key that another process signed up is in use there: what that one signs is not in this store. Where this store would
 * count as whole, it counts as lost instead, and waits for the others.
 *
 * @param joinedAt block of the sign-up; null if this key did not sign up
 */
export async function requireOwnJoin(
  { chain, store, keyring, logger }: Pick<NodeInit, 'chain' | 'store' | 'keyring' | 'logger'>,
  { taskId, cluster, block }: Extract<ChainEvent, { kind: 'clusterFormed' }>,
  joinedAt: number | null,
): Promise<void> {
  const isWhole = memoryOf(store, cluster.id, block).kind === 'whole'
  if (joinedAt === null || !isWhole || store.load(cluster.id).entries.length > 0) return
  if ((await chain.joinedElsewhere?.(taskId, keyring.address, joinedAt)) !== true) return
  logger.error('signing.elsewhere', { task: String(taskId), block: joinedAt })
  store.setMemory(cluster.id, { kind: 'lost' })
}
