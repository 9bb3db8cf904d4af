import { cascadeOf } from '../../services/insight/cascade.ts'
import type { Situation } from '../../services/insight/cascade.ts'
import type { HealthRow } from '../../services/health/codec.ts'
import type { InstanceRow, ServiceRow } from '../../services/placement/codec.ts'
import { DEFAULT_POLICY } from '../../services/policy.ts'
import { trust } from '../../services/trust/slice.ts'
import { stream } from '../draw.ts'
import { nodesOf } from '../queue/cluster.ts'
import type { Cell } from '../scenario.ts'

const SERVICES = 20
const PER_CORE = 100

/**
 * The loss of the fullest node of a cluster whose nodes keep some headroom: which others it overloads, by the production
 * what-if. With prevention the load of lost copies is cut to what their copies elsewhere can carry; what is cut is lost.
 */
export function playCascade(cell: Cell, seed: number): Record<string, number> {
  const { headroom, prevention, copies } = cell.cascade
  const random = stream(seed, 'cascade')
  const nodes = nodesOf(cell.cluster, seed)
  const capacities = nodes.map(({ cores }) => cores * PER_CORE)
  const hosts = Array.from({ length: SERVICES }, () =>
    random.shuffled(nodes.map((_, i) => i)).slice(0, copies),
  )
  const counts = nodes.map((_, i) => hosts.filter((list) => list.includes(i)).length)
  // every node is as full as its headroom says
  const loadOf = (member: number): number =>
    Math.floor(((1 - headroom) * (capacities[member] ?? 0)) / Math.max(1, counts[member] ?? 1))
  const instances = hosts.flatMap((list, i): InstanceRow[] =>
    [...list].sort((a, b) => a - b).map((member) => row(i + 1, member, loadOf(member))),
  )
  const first = counts.reduce(
    (most, count, i) =>
      count * (capacities[i] ?? 0) > (counts[most] ?? 0) * (capacities[most] ?? 0) ? i : most,
    0,
  )
  const situation = situationOf(
    nodes.map(({ tier, region }) => ({ tier, region })),
    capacities,
    instances,
  )
  const offered = instances.reduce((sum, { load }) => sum + load, 0)
  const cut = prevention ? shed(instances, capacities, first) : { instances, lost: 0 }
  const placement = { ...situation.placement, instances: cut.instances }
  const { overloaded, rounds, lostServices } = cascadeOf(
    { ...situation, placement },
    DEFAULT_POLICY.placement,
    [first],
  )
  const down = new Set([first, ...overloaded])
  const gone = lostServices.reduce(
    (sum, service) =>
      sum + cut.instances.reduce((all, one) => all + (one.service === service ? one.load : 0), 0),
    0,
  )
  return {
    overloaded: overloaded.length,
    rounds,
    lost_services: lostServices.length,
    nodes_down: down.size,
    lost_load: (cut.lost + gone) / Math.max(1, offered),
  }
}

/** Cuts what a lost node carried to what its services' other copies have room for. */
function shed(
  instances: readonly InstanceRow[],
  capacities: readonly number[],
  failed: number,
): { readonly instances: readonly InstanceRow[]; readonly lost: number } {
  const room = capacities.map(
    (capacity, member) =>
      capacity - instances.reduce((sum, one) => sum + (one.member === member ? one.load : 0), 0),
  )
  let lost = 0
  const cut = instances.map((one) => {
    if (one.member !== failed) return one
    const others = instances.filter(({ service, member }) => service === one.service && member !== failed)
    // in equal parts, rounded up, as the what-if spreads it
    const share =
      others.length === 0
        ? 0
        : Math.max(
            0,
            Math.min(
              Math.ceil(one.load / others.length),
              ...others.map(({ member }) => (room[member] ?? 0) - 1),
            ),
          )
    for (const { member } of others) room[member] = (room[member] ?? 0) - share
    const kept = share * others.length
    lost += others.length === 0 ? 0 : Math.max(0, one.load - kept)
    return {
      ...one,
      load: others.length === 0 ? one.load : Math.min(one.load, Math.max(0, (share - 1) * others.length)),
    }
  })
  return { instances: cut, lost }
}

function row(service: number, member: number, load: number): InstanceRow {
  return { service, member, phase: 'running', sinceMs: 0, load, target: 255 }
}

function situationOf(
  places: readonly { readonly tier: 'any' | 'edge' | 'core' | 'cloud'; readonly region: number }[],
  capacities: readonly number[],
  instances: readonly InstanceRow[],
): Situation {
  const services = [...new Set(instances.map(({ service }) => service))].map((service): ServiceRow => {
    const own = instances.filter((one) => one.service === service)
    return {
      service,
      kind: 'counter',
      tier: 'any',
      spread: 'node',
      priority: 5,
      copiesMin: own.length,
      copiesMax: own.length,
      needs: { cpu: 1, memory: 1, transactions: 1 },
      criticality: 500,
      calls: [0, 0, 0, 0],
      wanted: own.length,
      standing: 'placed',
      primary: own[0]?.member ?? 255,
    }
  })
  return {
    metrics: {
      rows: capacities.map((transactions, member) => ({
        member,
        capacity: { cpu: 10_000, memory: 10_000, throughput: 1000, transactions },
        cpu: 0,
        memory: 0,
        throughput: 0,
        transactions: 0,
        lockContention: 0,
        latency: 10,
        loss: 0,
        age: 0,
      })),
    },
    health: { rows: places.map((_, member) => healthy(member)) },
    trust: trust.empty,
    placement: {
      moveCount: 0,
      refused: 0,
      hosts: places.map(({ tier, region }, member) => ({ member, tier, region })),
      services,
      instances,
      moves: [],
    },
  }
}

function healthy(member: number): HealthRow {
  return {
    member,
    verdict: 'up',
    sinceMs: 0,
    upMs: 0,
    downMs: 0,
    failures: 0,
    penalty: 0,
    isDamped: 'no',
    isDraining: 'no',
    incarnation: 1,
    accusedHeights: 0,
    reach: 0n,
  }
}
