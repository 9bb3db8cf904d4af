import { uint } from '../../codec/hex.ts'
import { seedRank } from '../../reducers/seed-order.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { HealthState } from '../health/codec.ts'
import { primaryComponent } from '../health/reach.ts'
import type { MetricsState } from '../metrics/codec.ts'
import type { FoldContext, SeatMap, Slice } from '../slice.ts'
import { reseatRows } from '../slice.ts'
import type { TrustState } from '../trust/codec.ts'
import { admit, dropLost, fill, isDue, settleMoves, shrink, standingOf, wantedCopies } from './admission.ts'
import { instanceKey, NO_SEAT, placementObservation, placementState } from './codec.ts'
import type {
  InstanceRow,
  PlacementObservation,
  PlacementPolicy,
  PlacementState,
  ServiceRow,
} from './codec.ts'
import { hostsOf } from './hosts.ts'
import { Budget, makeMoves } from './moves.ts'
import { Plan } from './plan.ts'
import { withOrders, withPlaces, withReports } from './registry.ts'

export interface PlacementNeeds {
  readonly metrics: MetricsState
  readonly health: HealthState
  readonly trust: TrustState
}

/**
 * Who hosts what, and who is primary.
 *
 * - Services come and go by ledger events only. What hosts say of their copies moves no service but those on them.
 * - While nobody has a quorum of reach, nothing is placed, moved or dropped.
 * - A host gets no more than it has. A host that is silent keeps what it has and gets nothing new.
 */
export const placement: Slice<PlacementState, PlacementObservation, PlacementPolicy, PlacementNeeds> = {
  state: placementState,
  observation: placementObservation,
  empty: { moveCount: 0, refused: 0, hosts: [], services: [], instances: [], moves: [] },

  fold(previous, observations, context, policy, needs) {
    const registry = withOrders(previous, context.news)
    const hosts = withPlaces(previous.hosts, observations)
    const instances = withReports(registry.instances, observations)
    const known: PlacementState = { ...previous, ...registry, hosts, instances }
    if (primaryComponent(needs.health.rows, context.members) === null) return known
    const starting = previous.instances.filter(({ phase }) => phase === 'starting')
    return placed(known, new Set(starting.map(instanceKey)), context, policy, needs)
  },

  reseat: (state, seatOf) => ({
    ...state,
    hosts: reseatRows(state.hosts, seatOf),
    services: state.services.map((row) => ({ ...row, primary: reseatOne(row.primary, seatOf) })),
    instances: reseatRows(state.instances, seatOf)
      .map((row) => {
        const target = reseatOne(row.target, seatOf)
        const isStuck = row.phase === 'leaving' && target === NO_SEAT
        return { ...row, target, phase: isStuck ? ('running' as const) : row.phase }
      })
      .sort((a, b) => instanceKey(a) - instanceKey(b)),
  }),
}

function placed(
  state: PlacementState,
  justStarted: ReadonlySet<number>,
  context: FoldContext,
  policy: PlacementPolicy,
  needs: PlacementNeeds,
): PlacementState {
  const plan = new Plan({
    hosts: hostsOf(state.hosts, needs, policy),
    specs: state.services,
    instances: state.instances,
    policy,
    justStarted,
    agreedMs: context.agreedMs,
    tie: (service, member) => seedRank(context.seed, `0x${uint(service, 2)}${uint(member, 1)}`),
  })
  const moved = settleMoves(plan)
  const services = state.services.map((row) => ({ ...row, wanted: wantedCopies(plan, row, policy) }))
  admit(plan, services, policy)
  fill(plan, services, policy)
  for (const row of services) dropLost(plan, row)
  if (isDue(context, policy.actMs)) for (const row of services) shrink(plan, row)
  const budget = new Budget(state.moves, state.moveCount, context, policy)
  makeMoves(plan, budget, services, context, policy)
  return {
    ...state,
    moveCount: budget.count,
    moves: budget.rows,
    services: services.map((row) => ({
      ...row,
      standing: standingOf(plan, row),
      primary: primaryOf(plan, row, moved.get(row.service)),
    })),
    instances: plan.rows(),
  }
}

/**
 * The primary stays as long as it serves. Its successor is its target if it has moved, or else a copy that runs; of several
 * one on a host that nothing is held against, and then by seed.
 */
function primaryOf(
  plan: Plan,
  { service, primary: last }: ServiceRow,
  moved: InstanceRow | undefined,
): MemberIndex {
  const primary = moved?.member === last ? moved.target : last
  const serving = plan
    .of(service)
    .filter(
      ({ phase, member }) =>
        (phase === 'running' || phase === 'leaving') && plan.hosts.get(member)?.isUp === true,
    )
  if (serving.some(({ member }) => member === primary)) return primary
  const rank = ({ member, phase }: InstanceRow): string => {
    const host = plan.hosts.get(member)
    const isClean = host?.verdict === 'up' && host.isTrusted
    return `${phase === 'running' ? 0 : 1}${isClean ? 0 : 1}${plan.tie(service, member)}`
  }
  const [first] = serving.sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
  return first?.member ?? NO_SEAT
}

/** A seat, or none, at its new seat. */
export function reseatOne(seat: MemberIndex, seatOf: SeatMap): MemberIndex {
  return seat === NO_SEAT ? NO_SEAT : (seatOf(seat) ?? NO_SEAT)
}
