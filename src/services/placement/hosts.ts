import type { MemberIndex } from '../../types/ids.ts'
import { weightedLowerMedian } from '../../reducers/agreed-time.ts'
import { isInService } from '../health/codec.ts'
import type { HealthState, Verdict } from '../health/codec.ts'
import type { MetricsRow, MetricsState } from '../metrics/codec.ts'
import { resourceWeights } from '../metrics/weights.ts'
import { LEVEL_MAX } from '../trust/codec.ts'
import type { TrustState } from '../trust/codec.ts'
import type { HostRow, PlacementPolicy } from './codec.ts'
import type { Needs, Tier } from './spec.ts'

export const RESOURCES = ['cpu', 'memory', 'transactions'] as const
export const NOTHING: Needs = { cpu: 0, memory: 0, transactions: 0 }

/** A member as a place for services, at one height. */
export interface Host {
  readonly member: MemberIndex
  readonly tier: Tier
  readonly region: number
  readonly capacity: Needs
  /** What it says is in use, by whomever. */
  readonly measured: Needs
  readonly metrics: MetricsRow
  readonly verdict: Verdict
  readonly isDraining: boolean
  /** It answers, however badly. */
  readonly isUp: boolean
  /** Its own word is not too old. */
  readonly isFresh: boolean
  /** It may get new work: up, fresh, not damped, not draining. */
  readonly isOpen: boolean
  /** Resource weight of the paper, 1 … 1,001. */
  readonly weight: number
  /** Its level is at least half of the lower median of all. */
  readonly isTrusted: boolean
}

interface HostNeeds {
  readonly metrics: MetricsState
  readonly health: HealthState
  readonly trust: TrustState
}

/** Hosts by seat: the members that have said what they have. */
export function hostsOf(
  rows: readonly HostRow[],
  { metrics, health, trust }: HostNeeds,
  { staleHeights }: PlacementPolicy,
): ReadonlyMap<MemberIndex, Host> {
  const places = new Map(rows.map((row) => [row.member, row]))
  const weights = new Map(resourceWeights(metrics.rows).map(({ member, weight }) => [member, weight]))
  const levels = new Map(trust.rows.map(({ member, level }) => [member, level]))
  const middle = weightedLowerMedian([...levels.values()].map((value) => ({ value, weight: 1 }))) ?? LEVEL_MAX
  const alive = new Map(health.rows.map((row) => [row.member, row]))
  const hosts = metrics.rows.flatMap((row): Host[] => {
    const { member, capacity } = row
    const life = alive.get(member)
    if (life === undefined) return []
    const isFresh = row.age <= staleHeights
    const isDraining = life.isDraining === 'yes'
    return [
      {
        member,
        tier: places.get(member)?.tier ?? 'any',
        region: places.get(member)?.region ?? 0,
        capacity,
        measured: {
          cpu: Math.floor((row.cpu * capacity.cpu) / 1000),
          memory: row.memory,
          transactions: row.transactions,
        },
        metrics: row,
        verdict: life.verdict,
        isDraining,
        isUp: isInService(life.verdict),
        isFresh,
        isOpen: life.verdict === 'up' && isFresh && life.isDamped === 'no' && !isDraining,
        weight: weights.get(member) ?? 1,
        isTrusted: 2 * (levels.get(member) ?? LEVEL_MAX) >= middle,
      },
    ]
  })
  return new Map(hosts.map((host) => [host.member, host]))
}

export function plus(a: Needs, b: Needs): Needs {
  return {
    cpu: a.cpu + b.cpu,
    memory: a.memory + b.memory,
    transactions: a.transactions + b.transactions,
  }
}

/** a − b, never below 0. */
export function minus(a: Needs, b: Needs): Needs {
  return {
    cpu: Math.max(0, a.cpu - b.cpu),
    memory: Math.max(0, a.memory - b.memory),
    transactions: Math.max(0, a.transactions - b.transactions),
  }
}

/** The larger of each resource. */
export function most(a: Needs, b: Needs): Needs {
  return {
    cpu: Math.max(a.cpu, b.cpu),
    memory: Math.max(a.memory, b.memory),
    transactions: Math.max(a.transactions, b.transactions),
  }
}

/** Whether that much fits into a host of which only `permille` may be used. */
export function fitsInto(used: Needs, capacity: Needs, permille = 1000): boolean {
  return RESOURCES.every((name) => used[name] * 1000 <= capacity[name] * permille)
}

/** The fullest resource, ‰, rounded down; 0xffff for use without capacity. */
export function utilisation(used: Needs, capacity: Needs): number {
  return Math.max(
    ...RESOURCES.map((name) => {
      if (used[name] === 0) return 0
      return capacity[name] === 0
        ? 0xffff
        : Math.min(0xffff, Math.floor((1000 * used[name]) / capacity[name]))
    }),
  )
}
