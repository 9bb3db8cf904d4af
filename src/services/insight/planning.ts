import type { PlacementPolicy } from '../placement/codec.ts'
import type { Host } from '../placement/hosts.ts'
import { plus, NOTHING, RESOURCES } from '../placement/hosts.ts'
import type { Needs } from '../placement/spec.ts'

export interface CapacityPlan {
  /** Use of the whole cluster by resource, ‰. */
  readonly use: Needs
  /** Days until the fullest resource passes the threshold; null: not within ten years. */
  readonly daysLeft: number | null
  /** Nodes of the mean size that have to come for the cluster to be below the threshold in `days`. */
  readonly nodesToAdd: number
  /** Whether the rest could carry everything if the largest node went. */
  readonly survivesLargest: boolean
}

const DAYS_MAX = 3650

/**
 * How long the capacity lasts, and what has to be added.
 *
 * @param growth of the demand a day, ‰
 * @param days to plan for
 */
export function planCapacity(
  hosts: readonly Host[],
  used: readonly Needs[],
  { growth, days }: { readonly growth: number; readonly days: number },
  { threshold }: PlacementPolicy,
): CapacityPlan {
  const capacity = hosts.reduce((sum, host) => plus(sum, host.capacity), NOTHING)
  const demand = used.reduce(plus, NOTHING)
  const use = ofEach((name) => permille(demand[name], capacity[name]))
  let daysLeft: number | null = null
  let later = demand
  for (let day = 0; day <= DAYS_MAX && daysLeft === null; day += 1) {
    if (RESOURCES.some((name) => permille(later[name], capacity[name]) > threshold)) daysLeft = day
    later = grown(later, growth)
  }
  const planned = Array.from({ length: days }).reduce<Needs>((sum) => grown(sum, growth), demand)
  return {
    use,
    daysLeft,
    nodesToAdd: Math.max(0, ...RESOURCES.map((name) => missing(planned[name], capacity[name]))),
    survivesLargest: hosts.every((host) =>
      RESOURCES.every((name) => demand[name] <= capacity[name] - host.capacity[name]),
    ),
  }

  function missing(amount: number, total: number): number {
    if (amount === 0 || hosts.length === 0) return 0
    const mean = Math.floor(total / hosts.length)
    // amount · 1,000 ≤ threshold · (total + nodes · mean)
    const short = amount * 1000 - threshold * total
    return short <= 0 || mean === 0 || threshold === 0 ? 0 : Math.ceil(short / (threshold * mean))
  }
}

function grown(needs: Needs, growth: number): Needs {
  return ofEach((name) => Math.min(1e12, needs[name] + Math.ceil((needs[name] * growth) / 1000)))
}

function permille(amount: number, total: number): number {
  if (amount === 0) return 0
  return total === 0 ? 1_000_000 : Math.floor((1000 * amount) / total)
}

function ofEach(of: (name: (typeof RESOURCES)[number]) => number): Needs {
  return { cpu: of('cpu'), memory: of('memory'), transactions: of('transactions') }
}
