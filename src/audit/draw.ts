import { concatHex, keccak, uint } from '../codec/hex.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { Moment } from '../types/moment.ts'
import { isReached } from '../types/moment.ts'

/** A sign-up that can be drawn. */
export interface Candidate {
  /** Its place in the board's list when sign-up ended. */
  readonly index: number
  readonly key: Address
  readonly operator: Address
}

/** Low bits of a rank that the index takes instead of the hash. */
const INDEX_BITS = 16n

/** Most seats of one operator in a cluster of n: less than a third. */
export function operatorCap(n: number): number {
  return Math.floor((n - 1) / 3)
}

/** What the registry knows of a key. */
export interface KeyFacts {
  readonly operator: Address
  /** When it was frozen, replaced or convicted, whichever came first; null while it is active. */
  readonly inactiveSince: Moment | null
}

/**
 * The sign-ups that can be drawn: those whose keys were active until sign-up was over. What happens to a key later
 * changes no drawing: its owner would choose it with the seed in view.
 *
 * @param end first moment after sign-up
 * @param keys the board's list, final by then
 */
export function candidatesAt(
  end: Moment,
  keys: readonly Address[],
  factsOf: (key: Address) => KeyFacts | null,
): Candidate[] {
  return keys.flatMap((key, index) => {
    const facts = factsOf(key)
    if (facts === null) return []
    const { operator, inactiveSince } = facts
    return inactiveSince !== null && !isReached(end, inactiveSince) ? [] : [{ index, key, operator }]
  })
}

/** Upper 240 bits of keccak(seed ‖ u256 index), then the index: no other sign-up changes it. */
function rankOf(seed: Digest, index: number): bigint {
  const hash = BigInt(keccak(concatHex(seed, uint(index, 32))))
  return ((hash >> INDEX_BITS) << INDEX_BITS) | BigInt(index)
}

/**
 * The drawn sign-ups, in the order of their seats (ITaskBoard.form): the largest n that the operators can fill under
 * their cap, then by rank, ascending, passing over operators at their cap.
 *
 * @param signups those whose keys were active when sign-up ended
 * @returns empty if not even `minNodes` seats can be filled
 */
export function drawSeats(
  seed: Digest,
  signups: readonly Candidate[],
  minNodes: number,
  maxNodes: number,
): Candidate[] {
  const perOperator = new Map<Address, number>()
  for (const { operator } of signups) perOperator.set(operator, (perOperator.get(operator) ?? 0) + 1)
  let n = maxNodes
  while (n >= minNodes && fillable(perOperator, n) < n) n -= 1
  if (n < minNodes) return []

  const ranked = signups.map((candidate) => ({ candidate, rank: rankOf(seed, candidate.index) }))
  ranked.sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const taken = new Map<Address, number>()
  const seats: Candidate[] = []
  for (const { candidate } of ranked) {
    const held = taken.get(candidate.operator) ?? 0
    if (seats.length === n) break
    if (held === operatorCap(n)) continue
    taken.set(candidate.operator, held + 1)
    seats.push(candidate)
  }
  return seats
}

function fillable(perOperator: ReadonlyMap<Address, number>, n: number): number {
  let seats = 0
  for (const count of perOperator.values()) seats += Math.min(count, operatorCap(n))
  return Math.min(seats, n)
}
