import type { MemberIndex } from '../../types/ids.ts'
import { U16_MAX } from '../fields.ts'
import { isInService } from '../health/codec.ts'
import { NO_SEAT } from '../placement/codec.ts'
import type { Situation } from './cascade.ts'

/** What somebody might do, and why. Nothing acts on it. */
export interface Suggestion {
  readonly rule: Rule
  /** Whom it is about; null where it is about the other. */
  readonly member: MemberIndex | null
  readonly service: number | null
  /** The figure that made the rule speak, and the one it passed. */
  readonly measured: number
  readonly limit: number
}

/** Rules with what they advise. Figures: ‰, but for latency in tenths of a ms and copies. */
export const RULES = {
  'move-to-fast-host': 'lead services that wait for answers from a host with low latency',
  'spread-load': 'move copies to hosts with free capacity',
  'check-locks': 'look for deadlocks, shorten transactions, give them fewer participants',
  'fail-over': 'read its log, check its links, bring it back or replace it',
  'free-memory': 'move copies away or add memory',
  'check-links': 'check bandwidth, or replicate less or later',
  'add-capacity': 'add hosts, or take fewer copies',
  'add-copy': 'give a critical service a second copy',
} as const
export type Rule = keyof typeof RULES

const MEMORY_LIMIT = 900
const LOCK_LIMIT = 100
const LOSS_LIMIT = 20
const CRITICAL = 850

/** Suggestions on the agreed state, by rule in the order of RULES, then by seat or service. */
export function suggestions({ metrics, health, placement }: Situation, threshold: number): Suggestion[] {
  const found: Suggestion[] = []
  const about = (rule: Rule, measured: number, limit: number, of: Partial<Suggestion>): void => {
    found.push({ rule, member: null, service: null, measured, limit, ...of })
  }
  const up = new Set(health.rows.filter(({ verdict }) => isInService(verdict)).map(({ member }) => member))
  const latencies = new Map(metrics.rows.map(({ member, latency }) => [member, latency]))
  const best = Math.min(...metrics.rows.filter(({ member }) => up.has(member)).map(({ latency }) => latency))
  for (const { service, primary, criticality, copiesMax, standing } of placement.services) {
    const latency = latencies.get(primary)
    const isSlow = latency !== undefined && latency !== U16_MAX && latency > 2 * best
    if (primary !== NO_SEAT && isSlow)
      about('move-to-fast-host', latency, 2 * best, { service, member: primary })
    if (standing === 'full' || standing === 'unfit') about('add-capacity', 0, 1, { service })
    if (criticality >= CRITICAL && copiesMax < 2) about('add-copy', copiesMax, 2, { service })
  }
  for (const { member, verdict } of health.rows)
    if (!isInService(verdict)) about('fail-over', 1, 0, { member })
  for (const row of metrics.rows) {
    const { member, capacity, memory, lockContention, loss, cpu } = row
    const part = capacity.memory === 0 ? 0 : Math.floor((1000 * memory) / capacity.memory)
    if (part > MEMORY_LIMIT) about('free-memory', part, MEMORY_LIMIT, { member })
    if (cpu > threshold) about('spread-load', cpu, threshold, { member })
    if (lockContention >= LOCK_LIMIT) about('check-locks', lockContention, LOCK_LIMIT, { member })
    if (loss !== U16_MAX && loss > LOSS_LIMIT) about('check-links', loss, LOSS_LIMIT, { member })
  }
  const order = Object.keys(RULES)
  const rank = ({ rule, member, service }: Suggestion): number =>
    order.indexOf(rule) * 2 ** 24 + (service ?? 0) * 256 + (member ?? 0)
  return found.sort((a, b) => rank(a) - rank(b))
}
