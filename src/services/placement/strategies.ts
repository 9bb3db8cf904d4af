import type { MemberIndex } from '../../types/ids.ts'
import { U16_MAX } from '../fields.ts'
import type { StrategyName } from './codec.ts'
import { plus, RESOURCES, utilisation } from './hosts.ts'
import type { Host } from './hosts.ts'
import type { Needs, ServiceSpec } from './spec.ts'

/** A host that may get the copy. */
export interface Candidate {
  readonly host: Host
  readonly used: Needs
  /** Copies that it carries. */
  readonly copies: number
  /** Transactions per second that its copies serve. */
  readonly load: number
}

/** Order among equals: the lesser first. It is not known before the cluster is drawn. */
export type TieBreak = (service: number, member: MemberIndex) => string

/** One, in millionths. */
export const MICRO = 1_000_000

type Score = (candidate: Candidate, all: readonly Candidate[], spec: ServiceSpec) => number

/** Strategies that give each candidate a score in millionths; the greatest wins. */
const SCORES: Readonly<Record<Exclude<StrategyName, 'power-of-two'>, Score>> = {
  'resource-aware': resourceAware,
  'resource-aware-001': resourceAware001,
  'weighted-round-robin': ({ host, copies }) => Math.floor((MICRO * host.weight) / (copies + 1)),
  'least-connections': ({ host, load }) => Math.floor((MICRO * host.weight) / (load + 1)),
}

/**
 * The host that gets the copy; null of no candidates. Does not depend on the order of the candidates.
 *
 * `power-of-two` draws two by the tie-break and takes the one that will be less full.
 */
export function chooseHost(
  strategy: StrategyName,
  candidates: readonly Candidate[],
  spec: ServiceSpec,
  tie: TieBreak,
): Host | null {
  const rank = ({ host }: Candidate): string => tie(spec.service, host.member)
  const drawn = [...candidates].sort((a, b) => (rank(a) < rank(b) ? -1 : 1))
  const [all, score]: [readonly Candidate[], Score] =
    strategy === 'power-of-two' ? [drawn.slice(0, 2), emptiness] : [drawn, SCORES[strategy]]
  let best: { readonly host: Host; readonly points: number } | null = null
  for (const candidate of all) {
    const points = score(candidate, all, spec)
    // of equals the first drawn
    if (best === null || points > best.points) best = { host: candidate.host, points }
  }
  return best?.host ?? null
}

/** Candidates with their scores, greatest first: for reports. `power-of-two` has none of its own. */
export function scoresOf(
  strategy: Exclude<StrategyName, 'power-of-two'>,
  candidates: readonly Candidate[],
  spec: ServiceSpec,
): { readonly member: MemberIndex; readonly score: number }[] {
  return candidates
    .map((one) => ({ member: one.host.member, score: SCORES[strategy](one, candidates, spec) }))
    .sort((a, b) => b.score - a.score || a.member - b.member)
}

/** −(use with the copy): the less full, the better. */
function emptiness({ host, used }: Candidate, _: readonly Candidate[], spec: ServiceSpec): number {
  return -utilisation(plus(used, spec.needs), host.capacity)
}

/** 0.4 free processor + 0.3 free memory + 0.3 free transactions, millionths. */
function capacityScore(used: Needs, capacity: Needs): number {
  const free = (name: (typeof RESOURCES)[number]): number =>
    capacity[name] === 0 ? 0 : Math.max(0, MICRO - Math.floor((MICRO * used[name]) / capacity[name]))
  return Math.floor((4 * free('cpu') + 3 * free('memory') + 3 * free('transactions')) / 10)
}

/**
 * 0.6 free capacity + 0.3 speed + 0.1 fit. Speed is relative to the best candidate, half latency, half
 * throughput. Fit is how even the host's resources are used with the copy on it.
 */
function resourceAware({ host, used }: Candidate, all: readonly Candidate[], { needs }: ServiceSpec): number {
  const { latency, capacity } = host.metrics
  const least = Math.max(1, Math.min(...all.map((one) => one.host.metrics.latency)))
  const most = Math.max(1, ...all.map((one) => one.host.metrics.capacity.throughput))
  const quick = latency === U16_MAX ? 0 : Math.floor((MICRO * least) / Math.max(1, latency))
  const wide = Math.floor((MICRO * capacity.throughput) / most)
  const speed = Math.floor((quick + wide) / 2)
  const after = plus(used, needs)
  const parts = RESOURCES.map((name) =>
    host.capacity[name] === 0
      ? MICRO
      : Math.min(MICRO, Math.floor((MICRO * after[name]) / host.capacity[name])),
  )
  const fit = MICRO - (Math.max(...parts) - Math.min(...parts))
  return Math.floor((6 * capacityScore(used, host.capacity) + 3 * speed + fit) / 10)
}

/**
 * The document's formula letter by letter, millionths: 0.6 capacity + 0.3 (1 / latency in ms) (throughput in Gbit/s) + 0.1
 * (priority / 10). Its speed is not normalised, and its priority is the same for every node; node weights are 1.
 */
function resourceAware001({ host, used }: Candidate, _: readonly Candidate[], spec: ServiceSpec): number {
  const { latency, throughput } = host.metrics
  // tenths of a ms and Mbit/s: 10 / 1,000
  const speed = Math.floor((MICRO * throughput) / (100 * Math.max(1, latency)))
  const priority = Math.floor((MICRO * spec.priority) / 10)
  return Math.floor((6 * capacityScore(used, host.capacity) + 3 * speed + priority) / 10)
}
