import type { MemberIndex } from '../../types/ids.ts'
import { U16_MAX } from '../fields.ts'
import type { MetricsState } from '../metrics/codec.ts'
import { Observers } from '../observers.ts'
import type { FoldContext, SeatMap, Slice } from '../slice.ts'
import { reseatRows } from '../slice.ts'
import { healthObservation, healthState, isInService, seatsIn } from './codec.ts'
import type { HealthObservation, HealthPolicy, HealthRow, HealthState, Suspicion, Verdict } from './codec.ts'
import { mutualReach } from './reach.ts'

export interface HealthNeeds {
  readonly metrics: MetricsState
}

/** Penalty of one failure. */
const FAILURE_PENALTY = 1000

/**
 * Who is alive, as the cluster agrees on it.
 *
 * - A crash takes medians of phi and silence over observers that weigh more than twice what liars can weigh, for some
 *   heights in a row, and no STATUS of the accused in the list: what a member has signed for this height is proof of life.
 * - Without enough observers the verdict stays.
 * - `byzantine` is a conviction in the ledger and nothing else; it is for good.
 */
export const health: Slice<HealthState, HealthObservation, HealthPolicy, HealthNeeds> = {
  state: healthState,
  observation: healthObservation,
  empty: { rows: [] },

  fold(previous, observations, context, policy, { metrics }) {
    const before = new Map(previous.rows.map((row) => [row.member, row]))
    const said = new Map(observations.map(({ member, state }) => [member, state]))
    const observers = new Observers<Suspicion>(observations, context)
    const convicted = convictedIn(context)
    const losses = new Map(metrics.rows.map(({ member, loss }) => [member, loss]))
    const reach = mutualReach(previous.rows, observations, context.members.length, policy.reachMs)
    const rows = context.members.map((_, member): HealthRow => {
      const last = before.get(member) ?? newcomer(member, context.agreedMs)
      const own = said.get(member)
      const evidence: Evidence = {
        isListed: own !== undefined,
        isConvicted: convicted.has(member),
        loss: losses.get(member) ?? U16_MAX,
        phi: observers.medianOf(member, (suspicion) => suspicion.phi),
        silenceMs: observers.medianOf(member, (suspicion) => suspicion.silenceMs),
      }
      const accusedHeights = isAccused(evidence, policy) ? Math.min(last.accusedHeights + 1, 255) : 0
      const verdict = judge({ ...last, accusedHeights }, evidence, policy)
      return {
        ...counted(last, verdict, context, policy),
        accusedHeights,
        isDraining: own?.isDraining ?? last.isDraining,
        incarnation: Math.max(last.incarnation, own?.incarnation ?? 0),
        reach: reach[member] ?? 0n,
      }
    })
    return { rows }
  },

  reseat: ({ rows }, seatOf) => ({
    rows: reseatRows(rows, seatOf).map((row) => ({ ...row, reach: reseatSet(row.reach, seatOf) })),
  }),
}

interface Evidence {
  readonly isListed: boolean
  readonly isConvicted: boolean
  /** ‰; 65,535: not measured. */
  readonly loss: number
  /** Null: too few observers. */
  readonly phi: number | null
  readonly silenceMs: number | null
}

function isAccused({ isListed, phi, silenceMs }: Evidence, policy: HealthPolicy): boolean {
  if (isListed || phi === null || silenceMs === null) return false
  return phi > 2 * policy.phiSuspect && silenceMs > policy.detectionMs
}

function judge(row: HealthRow, evidence: Evidence, policy: HealthPolicy): Verdict {
  const { isListed, isConvicted, loss, phi, silenceMs } = evidence
  if (isConvicted || row.verdict === 'byzantine') return 'byzantine'
  if (phi === null || silenceMs === null) return isListed && row.verdict === 'crash' ? 'up' : row.verdict
  const wasDown = row.verdict === 'crash'
  if (row.accusedHeights >= (wasDown ? 1 : policy.crashHeights)) return 'crash'
  // it signs, but most observers do not hear it themselves; or they hear it, but much is lost
  if (isListed && silenceMs > policy.detectionMs) return 'omission'
  if (phi > policy.phiSuspect) return wasDown && !isListed ? 'crash' : 'suspect'
  return loss !== U16_MAX && loss >= policy.lossOmission ? 'omission' : 'up'
}

/** The row with its verdict, and the counters that go with a change. */
function counted(
  last: HealthRow,
  verdict: Verdict,
  { agreedMs, previousMs }: FoldContext,
  policy: HealthPolicy,
): HealthRow {
  const halvings = Math.floor(agreedMs / policy.halfLifeMs) - Math.floor(previousMs / policy.halfLifeMs)
  const decayed = halvings > 15 ? 0 : last.penalty >> halvings
  const wasUp = isInService(last.verdict)
  const isUp = isInService(verdict)
  const hasFailed = wasUp && !isUp
  const penalty = Math.min(U16_MAX, decayed + (hasFailed ? FAILURE_PENALTY : 0))
  const isDamped = penalty >= policy.dampAt ? 'yes' : penalty < policy.reuseAt ? 'no' : last.isDamped
  const row: HealthRow = { ...last, verdict, penalty, isDamped }
  if (wasUp === isUp) return row
  const passed = agreedMs - last.sinceMs
  return {
    ...row,
    sinceMs: agreedMs,
    upMs: last.upMs + (wasUp ? passed : 0),
    downMs: last.downMs + (wasUp ? 0 : passed),
    failures: Math.min(U16_MAX, last.failures + (hasFailed ? 1 : 0)),
  }
}

/** Seats that the board has convicted: system entries are `u8 member ‖ u8 offence ‖ u8 percent`. */
function convictedIn({ news }: FoldContext): ReadonlySet<MemberIndex> {
  return new Set(
    news.flatMap(({ kind, data: [seat] }) => (kind === 'system' && seat !== undefined ? [seat] : [])),
  )
}

function newcomer(member: MemberIndex, agreedMs: number): HealthRow {
  return {
    member,
    verdict: 'up',
    sinceMs: agreedMs,
    upMs: 0,
    downMs: 0,
    failures: 0,
    penalty: 0,
    isDamped: 'no',
    isDraining: 'no',
    incarnation: 0,
    accusedHeights: 0,
    reach: 0n,
  }
}

/** A set of seats at their new seats. */
export function reseatSet(set: bigint, seatOf: SeatMap): bigint {
  return seatsIn(set, 128).reduce((moved, seat) => {
    const to = seatOf(seat)
    return to === null ? moved : moved | (1n << BigInt(to))
  }, 0n)
}
