import fc from 'fast-check'
import type { HealthRow, HealthState, Verdict } from '../../src/services/health/codec.ts'
import { seatsIn } from '../../src/services/health/codec.ts'
import type { MetricsRow, MetricsState } from '../../src/services/metrics/codec.ts'
import type { InstanceRow, PlacementState, Report } from '../../src/services/placement/codec.ts'
import { NOTHING, plus } from '../../src/services/placement/hosts.ts'
import { KINDS, SPREADS, TIERS } from '../../src/services/placement/spec.ts'
import type { Needs, ServiceSpec, Tier } from '../../src/services/placement/spec.ts'

/** What the world knows of a host that the slice hears about. */
export interface HostFacts {
  readonly capacity: Needs
  /** In use by others than our services. */
  readonly background: Needs
  readonly tier: Tier
  readonly region: number
  readonly verdict: Verdict
  readonly isDraining: boolean
  readonly isDamped: boolean
  readonly isListed: boolean
  /** Services that do not run there. */
  readonly refuses: readonly number[]
  /** Services that start there, and do not run yet. */
  readonly starting?: readonly number[]
}

export const IDLE: HostFacts = {
  capacity: { cpu: 100, memory: 100, transactions: 100 },
  background: NOTHING,
  tier: 'core',
  region: 0,
  verdict: 'up',
  isDraining: false,
  isDamped: false,
  isListed: true,
  refuses: [],
}

export function specOf(service: number, more: Partial<ServiceSpec> = {}): ServiceSpec {
  return {
    service,
    kind: 'counter',
    tier: 'any',
    spread: 'node',
    priority: 5,
    copiesMin: 1,
    copiesMax: 1,
    needs: { cpu: 10, memory: 10, transactions: 10 },
    criticality: 500,
    calls: [0, 0, 0, 0],
    ...more,
  }
}

export const needs = fc.record({
  cpu: fc.integer({ min: 0, max: 60 }),
  memory: fc.integer({ min: 0, max: 60 }),
  transactions: fc.integer({ min: 1, max: 60 }),
})

export function specs(services: number): fc.Arbitrary<ServiceSpec> {
  return fc
    .record({
      service: fc.integer({ min: 1, max: services }),
      kind: fc.constantFrom(...KINDS),
      tier: fc.oneof({ weight: 4, arbitrary: fc.constant<Tier>('any') }, fc.constantFrom(...TIERS)),
      spread: fc.constantFrom(...SPREADS),
      priority: fc.nat(10),
      copies: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(3)),
      needs,
      criticality: fc.nat(1000),
      calls: fc.array(fc.nat(services), { minLength: 4, maxLength: 4 }),
    })
    .map(({ copies: [least, more], ...spec }) => ({ ...spec, copiesMin: least, copiesMax: least + more }))
}

export const capacities = fc.record({
  cpu: fc.integer({ min: 0, max: 200 }),
  memory: fc.integer({ min: 0, max: 200 }),
  transactions: fc.integer({ min: 0, max: 200 }),
})

export const hostFacts: fc.Arbitrary<HostFacts> = fc.record({
  capacity: capacities,
  background: fc.oneof(fc.constant(NOTHING), needs),
  tier: fc.constantFrom(...TIERS),
  region: fc.nat(3),
  verdict: fc.oneof(
    { weight: 6, arbitrary: fc.constant<Verdict>('up') },
    fc.constantFrom<Verdict>('suspect', 'omission', 'crash', 'byzantine'),
  ),
  isDraining: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
  isDamped: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.boolean()),
  isListed: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.boolean()),
  refuses: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(fc.integer({ min: 1, max: 6 }))),
})

/** Σ needs of the copies on a host that have not failed. */
export function reservedOn({ services, instances }: PlacementState, member: number): Needs {
  const specsById = new Map(services.map((row) => [row.service, row.needs]))
  return instances
    .filter((row) => row.member === member && row.phase !== 'failed')
    .reduce<Needs>((sum, { service }) => plus(sum, specsById.get(service) ?? NOTHING), NOTHING)
}

/** What a host measures: others, and those of our copies that run. */
function measuredOn(state: PlacementState, member: number, { background, capacity }: HostFacts): Needs {
  const running = state.instances.filter(({ phase }) => phase === 'running' || phase === 'leaving')
  const sum = plus(background, reservedOn({ ...state, instances: running }, member))
  return {
    cpu: Math.min(sum.cpu, capacity.cpu),
    memory: Math.min(sum.memory, capacity.memory),
    transactions: Math.min(sum.transactions, capacity.transactions),
  }
}

export function metricsOf(
  before: PlacementState,
  hosts: readonly HostFacts[],
  ages: readonly number[] = [],
): MetricsState {
  const rows = hosts.map((host, member): MetricsRow => {
    const measured = measuredOn(before, member, host)
    const { capacity } = host
    return {
      member,
      capacity: { ...capacity, throughput: 100 },
      cpu: capacity.cpu === 0 ? 0 : Math.ceil((1000 * measured.cpu) / capacity.cpu),
      memory: measured.memory,
      transactions: measured.transactions,
      throughput: 0,
      lockContention: 0,
      latency: 10 * (member + 1),
      loss: 0,
      age: ages[member] ?? (host.isListed ? 0 : 1),
    }
  })
  return { rows }
}

/** Everybody in service reaches everybody, but for the links cut. */
export function healthOf(hosts: readonly HostFacts[], isCut = false): HealthState {
  const all = (1n << BigInt(hosts.length)) - 1n
  const rows = hosts.map(({ verdict, isDraining, isDamped }, member): HealthRow => ({
    member,
    verdict,
    sinceMs: 0,
    upMs: 0,
    downMs: 0,
    failures: 0,
    penalty: 0,
    isDamped: isDamped ? 'yes' : 'no',
    isDraining: isDraining ? 'yes' : 'no',
    incarnation: 1,
    accusedHeights: 0,
    reach: isCut ? 0n : all & ~(1n << BigInt(member)),
  }))
  return { rows }
}

/** What a listed host reports of the copies that it was given before; its load is as told. */
export function reportsOf(
  before: PlacementState,
  member: number,
  { refuses, starting = [] }: HostFacts,
  load: (row: InstanceRow) => number,
): Report[] {
  return before.instances
    .filter((row) => row.member === member && !starting.includes(row.service))
    .map((row) => ({
      service: row.service,
      report: refuses.includes(row.service) ? 'failed' : 'running',
      load: load(row),
    }))
}

/** Seats in service. */
export function upSeats(hosts: readonly HostFacts[]): number[] {
  const up = hosts.reduce(
    (set, { verdict }, seat) =>
      verdict === 'crash' || verdict === 'byzantine' ? set : set | (1n << BigInt(seat)),
    0n,
  )
  return seatsIn(up, hosts.length)
}
