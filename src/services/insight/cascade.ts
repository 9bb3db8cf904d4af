import type { MemberIndex } from '../../types/ids.ts'
import type { HealthState } from '../health/codec.ts'
import type { MetricsState } from '../metrics/codec.ts'
import { admit } from '../placement/admission.ts'
import { instanceKey } from '../placement/codec.ts'
import type { PlacementPolicy, PlacementState } from '../placement/codec.ts'
import { hostsOf } from '../placement/hosts.ts'
import type { Host } from '../placement/hosts.ts'
import { Plan } from '../placement/plan.ts'
import type { TrustState } from '../trust/codec.ts'
import { MICRO } from './bottlenecks.ts'

/**
 * - `isolate`: the others take over what was there
 * - `shed`: they can, if less urgent services lose copies above their fewest
 * - `emergency`: some service has no room: people have to decide
 */
export const MEASURES = ['isolate', 'shed', 'emergency'] as const
export type Measure = (typeof MEASURES)[number]

export interface Cascade {
  /** Hosts that more load reaches than they can carry, if nobody intervenes, by seat. */
  readonly overloaded: readonly MemberIndex[]
  /** Waves until no further host is overloaded; 0: the loss overloads nobody. */
  readonly rounds: number
  /** Services that then have no copy left. */
  readonly lostServices: readonly number[]
  readonly measure: Measure
}

export interface Situation {
  readonly metrics: MetricsState
  readonly health: HealthState
  readonly trust: TrustState
  readonly placement: PlacementState
}

/**
 * What happens if these members fail: first without anybody's doing (the load of lost copies goes to the copies that are
 * left, in equal parts, and who gets more than it can carry fails, too), then what placement would do about the first loss.
 * The set of failed hosts only grows, so the waves end after at most as many as there are hosts.
 */
export function cascadeOf(
  situation: Situation,
  policy: PlacementPolicy,
  failed: readonly MemberIndex[],
): Cascade {
  const hosts = hostsWithout(situation, policy, failed)
  const down = new Set([...hosts.values()].filter(({ isUp }) => !isUp).map(({ member }) => member))
  const overloaded: MemberIndex[] = []
  let rounds = 0
  for (;;) {
    const loads = loadsOf(situation.placement, down)
    const wave = [...hosts.values()].filter(
      ({ member, capacity }) => !down.has(member) && (loads.get(member) ?? 0) > capacity.transactions,
    )
    if (wave.length === 0) break
    rounds += 1
    for (const { member } of wave) {
      down.add(member)
      overloaded.push(member)
    }
  }
  const { services, instances } = situation.placement
  const lostServices = services
    .filter(({ service }) => {
      const copies = instances.filter((row) => row.service === service && row.phase !== 'failed')
      return copies.length > 0 && copies.every(({ member }) => down.has(member))
    })
    .map(({ service }) => service)
  return {
    overloaded: overloaded.sort((a, b) => a - b),
    rounds,
    lostServices,
    measure: measureOf(situation, policy, hosts),
  }
}

/** Part of the nodes that the loss of each one overloads, millionths. */
export function cascades(situation: Situation, policy: PlacementPolicy): ReadonlyMap<MemberIndex, number> {
  const members = situation.health.rows.map(({ member }) => member)
  return new Map(
    members.map((member) => {
      const { overloaded } = cascadeOf(situation, policy, [member])
      return [member, Math.floor((MICRO * overloaded.length) / members.length)]
    }),
  )
}

function hostsWithout(
  { metrics, health, trust, placement }: Situation,
  policy: PlacementPolicy,
  failed: readonly MemberIndex[],
): ReadonlyMap<MemberIndex, Host> {
  const rows = health.rows.map((row) =>
    failed.includes(row.member) ? { ...row, verdict: 'crash' as const } : row,
  )
  return hostsOf(placement.hosts, { metrics, health: { rows }, trust }, policy)
}

/** Transactions per second that reach each host that is left, rounded up. */
function loadsOf(
  placement: PlacementState,
  down: ReadonlySet<MemberIndex>,
): ReadonlyMap<MemberIndex, number> {
  const loads = new Map<MemberIndex, number>()
  for (const { service } of placement.services) {
    const copies = placement.instances.filter((row) => row.service === service && row.phase !== 'failed')
    const left = copies.filter(({ member }) => !down.has(member))
    const orphaned = copies.reduce((sum, { member, load }) => sum + (down.has(member) ? load : 0), 0)
    for (const { member, load } of left)
      loads.set(member, (loads.get(member) ?? 0) + load + Math.ceil(orphaned / left.length))
  }
  return loads
}

function measureOf(
  { placement }: Situation,
  policy: PlacementPolicy,
  hosts: ReadonlyMap<MemberIndex, Host>,
): Measure {
  const plan = new Plan({
    hosts,
    specs: placement.services,
    instances: placement.instances,
    policy,
    agreedMs: 0,
    tie: (service, member) => String.fromCharCode(service, member),
  })
  admit(plan, placement.services, policy)
  const isServed = placement.services.every(
    ({ service, copiesMin }) => plan.live(service).length >= copiesMin,
  )
  if (!isServed) return 'emergency'
  const left = new Set(plan.rows().map(instanceKey))
  return placement.instances.every((row) => left.has(instanceKey(row))) ? 'isolate' : 'shed'
}
