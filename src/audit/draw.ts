import { concatHex, keccak, uint } from '../codec/hex.ts'
import type { Address, Digest } from '../types/ids.ts'

/** A sign-up that can be drawn. */
export interface Candidate {
  readonly key: Address
  readonly operator: Address
}

/** Most seats of one operator in a cluster of n: less than a third. */
export function operatorCap(n: number): number {
  return Math.floor((n - 1) / 3)
}

/**
 * The drawn sign-ups, in the order of their seats (ITaskBoard.form): the largest n that the operators can fill under
 * their cap, then a Fisher–Yates shuffle by the seed that passes over operators at their cap.
 *
 * @param signups active sign-ups, in the board's order
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

  const order = [...signups]
  const taken = new Map<Address, number>()
  const seats: Candidate[] = []
  for (let i = 0; seats.length < n && i < order.length; i += 1) {
    const draw = BigInt(keccak(concatHex(seed, uint(i, 32))))
    const j = i + Number(draw % BigInt(order.length - i))
    const chosen = order[j]
    const moved = order[i]
    if (chosen === undefined || moved === undefined) break
    order[j] = moved
    order[i] = chosen
    const held = taken.get(chosen.operator) ?? 0
    if (held === operatorCap(n)) continue
    taken.set(chosen.operator, held + 1)
    seats.push(chosen)
  }
  return seats
}

function fillable(perOperator: ReadonlyMap<Address, number>, n: number): number {
  let seats = 0
  for (const count of perOperator.values()) seats += Math.min(count, operatorCap(n))
  return Math.min(seats, n)
}
