import type { Store } from '../ports/store.ts'
import type { Memory } from '../protocol/standing.ts'
import type { Digest } from '../types/ids.ts'

/**
 * What a store has of a task: all, if the store was there before the cluster was; else nobody knows, for the key may have
 * been used with another store.
 */
export function memoryOf(store: Store, cluster: Digest, formedAt: number): Memory {
  const born = store.born() ?? Infinity
  return store.memory(cluster) ?? (formedAt > born ? { kind: 'whole' } : { kind: 'lost' })
}
