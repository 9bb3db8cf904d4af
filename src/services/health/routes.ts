import type { MemberIndex } from '../../types/ids.ts'
import { U16_MAX } from '../fields.ts'
import type { MetricsRow } from '../metrics/codec.ts'
import { isInService, seatsIn } from './codec.ts'
import type { HealthRow } from './codec.ts'

export interface Route {
  /** From the first after the start to the goal. */
  readonly hops: readonly MemberIndex[]
  /** Sum of its links' costs. */
  readonly cost: number
}

/**
 * Cost of the link between two members that reach each other: the sum of their agreed latencies, tenths of a ms. What was
 * not measured counts as the worst.
 */
export function linkCost(metrics: readonly MetricsRow[]): (a: MemberIndex, b: MemberIndex) => number {
  const latency = new Map(metrics.map((row) => [row.member, row.latency]))
  return (a, b) => Math.max(1, (latency.get(a) ?? U16_MAX) + (latency.get(b) ?? U16_MAX))
}

/**
 * Cheapest routes from one member to all that it can reach through members in service (Dijkstra). Of routes that cost the
 * same the one that comes last through the lower seat.
 */
export function routesFrom(
  start: MemberIndex,
  rows: readonly HealthRow[],
  metrics: readonly MetricsRow[],
): ReadonlyMap<MemberIndex, Route> {
  const alive = new Map(rows.filter(({ verdict }) => isInService(verdict)).map((row) => [row.member, row]))
  const costOf = linkCost(metrics)
  const open = new Map<MemberIndex, Route>(alive.has(start) ? [[start, { hops: [], cost: 0 }]] : [])
  const routes = new Map<MemberIndex, Route>()
  while (open.size > 0) {
    const [seat, route] = [...open].reduce((a, b) =>
      b[1].cost < a[1].cost || (b[1].cost === a[1].cost && b[0] < a[0]) ? b : a,
    )
    open.delete(seat)
    routes.set(seat, route)
    for (const next of seatsIn(alive.get(seat)?.reach ?? 0n, 128)) {
      const cost = route.cost + costOf(seat, next)
      if (!alive.has(next) || routes.has(next) || (open.get(next)?.cost ?? Infinity) <= cost) continue
      open.set(next, { hops: [...route.hops, next], cost })
    }
  }
  routes.delete(start)
  return routes
}
