import { concatHex, keccak } from '../codec/hex.ts'
import type { Digest, Hex } from '../types/ids.ts'

/**
 * Rank of something among its likes: `keccak(seed ‖ what)`, the least comes first. A plain order could be ground by
 * whoever may choose the value; this one is not known before the cluster is drawn, but it is from then on.
 */
export function seedRank(seed: Digest, what: Hex): Digest {
  return keccak(concatHex(seed, what))
}

/** The first of `values` by seed rank; null of none. */
export function firstBySeed(seed: Digest, values: readonly Digest[]): Digest | null {
  const [first, ...others] = values
  if (first === undefined || others.length === 0) return first ?? null
  const rankOf = (value: Digest): Digest => seedRank(seed, value)
  return values.reduce((best, value) => (rankOf(value) < rankOf(best) ? value : best))
}
