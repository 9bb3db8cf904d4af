/**
 * Max-min fair split of `budget` among `demands`, in whole units (water-filling, Bertsekas & Gallager, Data Networks,
 * section 6.5.2).
 *
 *   share_i = min(demand_i, L) + extra_i
 *
 * L is the highest level with Σ min(demand_i, L) ≤ budget. What integer division leaves over is fewer units than there
 * are unsatisfied demands (demand_i > L); it goes out one unit each, in the order of `demands`. So nobody's share can
 * grow without a cut for somebody who has no more, one unit aside.
 *
 * @param budget units to split, ≥ 0
 * @param demands units wanted, each ≥ 0, in the order that decides about left-over units
 * @returns one share per demand: share ≤ demand, Σ share = min(budget, Σ demand)
 */
export function maxMinSplit(budget: bigint, demands: readonly bigint[]): bigint[] {
  let left = budget
  let unsatisfied = BigInt(demands.length)
  for (const demand of demands.toSorted(ascending)) {
    const level = left / unsatisfied
    if (demand > level) return fillTo(level, left % unsatisfied, demands)
    left -= demand
    unsatisfied -= 1n
  }
  return [...demands]
}

function fillTo(level: bigint, leftOver: bigint, demands: readonly bigint[]): bigint[] {
  let extra = leftOver
  return demands.map((demand) => {
    if (demand <= level) return demand
    if (extra === 0n) return level
    extra -= 1n
    return level + 1n
  })
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}
