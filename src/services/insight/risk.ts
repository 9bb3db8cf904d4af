import type { MemberIndex } from '../../types/ids.ts'
import type { HealthRow } from '../health/codec.ts'
import { isInService } from '../health/codec.ts'
import type { ServiceRow } from '../placement/codec.ts'
import { MICRO } from './bottlenecks.ts'

/** What the risk of a node is made of; the first three in millionths. */
export interface RiskTerms {
  /** Chance of a failure within the next hour. */
  readonly failure: number
  readonly criticality: number
  /** Part of the nodes that its loss would overload. */
  readonly cascade: number
  /** Services elsewhere that call one that it leads. */
  readonly dependents: number
  readonly dependentsMax: number
}

export const RISK_CLASSES = ['low', 'medium', 'high', 'critical'] as const
export type RiskClass = (typeof RISK_CLASSES)[number]

/** How services of a class are replicated. */
export const STRATEGY_OF_CLASS = {
  critical: 'active-active',
  high: 'active-passive',
  medium: 'geographic',
  low: 'eventual',
} as const satisfies Readonly<Record<RiskClass, string>>

export interface Risk {
  /** Millionths. */
  readonly score: number
  readonly riskClass: RiskClass
}

/** 0.3 failure + 0.3 criticality + 0.2 cascade + 0.2 dependents / most dependents. */
export function riskOf({ failure, criticality, cascade, dependents, dependentsMax }: RiskTerms): Risk {
  const part = dependentsMax === 0 ? 0 : Math.floor((MICRO * dependents) / dependentsMax)
  const score = Math.floor((3 * failure + 3 * criticality + 2 * cascade + 2 * part) / 10)
  return { score, riskClass: classOf(score) }
}

/** Half-open intervals without gaps: [0.85, 1] critical, [0.70, 0.85) high, [0.50, 0.70) medium, below low. */
export function classOf(score: number): RiskClass {
  if (score >= 850_000) return 'critical'
  if (score >= 700_000) return 'high'
  return score >= 500_000 ? 'medium' : 'low'
}

const HOUR_MS = 3_600_000

/**
 * Chance of a failure within the next hour as the agreed history has it: an hour over the time in service per failure, at
 * most 1. Who is out of service has failed.
 */
export function failureOf(row: HealthRow, agreedMs: number): number {
  if (!isInService(row.verdict)) return MICRO
  const upMs = row.upMs + Math.max(0, agreedMs - row.sinceMs)
  if (row.failures === 0) return 0
  return upMs <= HOUR_MS * row.failures
    ? MICRO
    : Number((BigInt(MICRO) * BigInt(HOUR_MS) * BigInt(row.failures)) / BigInt(upMs))
}

/** Terms of each member; `cascades` are the parts of the nodes that its loss overloads, millionths. */
export function riskTerms(
  health: readonly HealthRow[],
  services: readonly ServiceRow[],
  cascades: ReadonlyMap<MemberIndex, number>,
  agreedMs: number,
): { readonly member: MemberIndex; readonly terms: RiskTerms }[] {
  const dependents = new Map(health.map(({ member }) => [member, dependentsOf(services, member)]))
  const dependentsMax = Math.max(0, ...dependents.values())
  return health.map((row) => ({
    member: row.member,
    terms: {
      failure: failureOf(row, agreedMs),
      criticality: 1000 * Math.max(0, ...ledBy(services, row.member).map(({ criticality }) => criticality)),
      cascade: cascades.get(row.member) ?? 0,
      dependents: dependents.get(row.member) ?? 0,
      dependentsMax,
    },
  }))
}

function ledBy(services: readonly ServiceRow[], member: MemberIndex): ServiceRow[] {
  return services.filter(({ primary }) => primary === member)
}

function dependentsOf(services: readonly ServiceRow[], member: MemberIndex): number {
  const led = new Set(ledBy(services, member).map(({ service }) => service))
  return services.filter(
    ({ primary, calls }) => primary !== member && calls.some((called) => led.has(called)),
  ).length
}
