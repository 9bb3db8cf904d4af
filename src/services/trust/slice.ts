import { weightedLowerMedian } from '../../reducers/agreed-time.ts'
import type { Input } from '../../reducers/reducer.ts'
import type { MemberIndex } from '../../types/ids.ts'
import type { HealthState } from '../health/codec.ts'
import type { FoldContext, Slice } from '../slice.ts'
import { reseatRows } from '../slice.ts'
import { CAUSES, LEVEL_MAX, trustObservation, trustState } from './codec.ts'
import type { Cause, Sighting, TrustObservation, TrustPolicy, TrustRow, TrustState, Why } from './codec.ts'

export interface TrustNeeds {
  readonly health: HealthState
}

/** A member's level with everything that it comes from. */
export interface Explained extends TrustRow {
  /** Level of the height before; null of a member that is new. */
  readonly before: number | null
  /** Weighted lower median of the scores; null of too few observers. */
  readonly median: number | null
  /** Weight of the observers, and what they have to weigh more than. */
  readonly observedBy: number
  readonly doubt: number
  /** By observer. */
  readonly said: readonly Said[]
}

export interface Said extends Pick<Sighting, 'score' | 'cause'> {
  readonly observer: MemberIndex
  readonly weight: number
}

/**
 * How far each member is trusted, from what the others saw of it.
 *
 * - A level moves towards the weighted lower median of the others' scores, at most `fallMax` down or `riseMax` up in a
 *   height, and stays while fewer than `observersMin` observers speak, or they weigh no more than twice what liars can.
 * - Scores count by registered weight, never by trust: a clique that trusts itself gains nothing by it.
 * - A member that is new begins at the floor, so that nobody gains by a new key.
 *
 * It orders hosts for services. It enters no list, no quorum, no convener and no payment.
 */
export const trust: Slice<TrustState, TrustObservation, TrustPolicy, TrustNeeds> = {
  state: trustState,
  observation: trustObservation,
  empty: { rows: [] },

  fold: (previous, observations, context, policy, needs) => ({
    rows: explainTrust(previous, observations, context, policy, needs).map(
      ({ member, level, why, cause }) => ({ member, level, why, cause }),
    ),
  }),

  reseat: ({ rows }, seatOf) => ({ rows: reseatRows(rows, seatOf) }),
}

/** The fold of a height with its reasons, one per seat: what `explain` prints is what was folded. */
export function explainTrust(
  previous: TrustState,
  observations: readonly Input<TrustObservation>[],
  context: FoldContext,
  policy: TrustPolicy,
  { health }: TrustNeeds,
): Explained[] {
  const before = new Map(previous.rows.map((row) => [row.member, row]))
  const verdicts = new Map(health.rows.map(({ member, verdict }) => [member, verdict]))
  const heard = sayings(observations, context)
  const doubt = 2 * context.faultWeight
  return context.members.map((_, member) => {
    const said = heard.get(member) ?? []
    const observedBy = said.reduce((sum, { weight }) => sum + weight, 0)
    const isSeen = said.length >= policy.observersMin && observedBy > doubt
    const median = isSeen
      ? weightedLowerMedian(said.map(({ score, weight }) => ({ value: score, weight })))
      : null
    const last = before.get(member)
    const isConvicted = verdicts.get(member) === 'byzantine'
    const level = nextLevel(last?.level, isConvicted ? 0 : median, policy)
    const why = whyOf(last?.level, level, median, isConvicted)
    const blamed = why === 'falls' ? causeOf(said, median ?? 0) : (last?.cause ?? 'none')
    const cause = level === LEVEL_MAX ? 'none' : blamed
    return { member, level, why, cause, before: last?.level ?? null, median, observedBy, doubt, said }
  })
}

/** What is said of each member by the others. Nobody's word about itself counts, nor a word about no seat. */
function sayings(
  observations: readonly Input<TrustObservation>[],
  { members }: FoldContext,
): ReadonlyMap<MemberIndex, readonly Said[]> {
  const heard = new Map<MemberIndex, Said[]>()
  for (const { member: observer, state } of observations) {
    const weight = members[observer]?.weight ?? 0
    for (const { member, score, cause } of state.peers) {
      if (member === observer || member >= members.length) continue
      const said = { observer, weight, score, cause }
      const list = heard.get(member)
      if (list === undefined) heard.set(member, [said])
      else list.push(said)
    }
  }
  for (const said of heard.values()) said.sort((a, b) => a.observer - b.observer)
  return heard
}

function nextLevel(before: number | undefined, goal: number | null, policy: TrustPolicy): number {
  const { floor, fallMax, riseMax } = policy
  if (before === undefined) return floor
  const from = Math.max(floor, before)
  if (goal === null) return from
  return Math.max(floor, from - fallMax, Math.min(goal, from + riseMax))
}

function whyOf(before: number | undefined, level: number, median: number | null, isConvicted: boolean): Why {
  if (before === undefined) return 'new'
  if (isConvicted) return 'convicted'
  if (median === null) return 'unseen'
  return level > before ? 'rises' : level < before ? 'falls' : 'steady'
}

/** What most of the weight at or below the median holds against a member; of equals the first in `CAUSES`. */
function causeOf(said: readonly Said[], median: number): Cause {
  const against = said.filter(({ score }) => score <= median)
  const weightOf = (name: Cause): number =>
    against.reduce((sum, { cause, weight }) => sum + (cause === name ? weight : 0), 0)
  return CAUSES.reduce((most, name) => (weightOf(name) > weightOf(most) ? name : most))
}
