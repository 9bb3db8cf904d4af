import type { Input, ContextMember } from '../reducers/reducer.ts'
import type { LedgerEvent } from '../types/ledger.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Sized } from './tables.ts'

/** What every fold knows of its height. The same for all members. */
export interface FoldContext {
  readonly seed: Digest
  readonly height: number
  /** Heights since the line began, this one among them. */
  readonly heights: number
  /** By seat. */
  readonly members: readonly ContextMember[]
  /** Most that liars can weigh: the largest integer below W / 3. */
  readonly faultWeight: number
  /** Agreed time of this height and of the one before, ms since 1970. */
  readonly agreedMs: number
  readonly previousMs: number
  /** Ledger events that the height before had not seen, ascending. */
  readonly news: readonly LedgerEvent[]
}

/**
 * A part of the state of `services@1`: what is agreed, what a member observes, and the fold from one height to the next.
 *
 * Pure and total: integers only; no clock, chance or I/O; nothing of an observation may make it throw or grow beyond its
 * budget. The order of observations does not matter. `Needs` are the slices folded before it at the same height.
 */
export interface Slice<State, Observation, Policy, Needs = unknown> {
  /** Its budget in the state. What does not fit is left out by the fold, in the order that its README states. */
  readonly state: Sized<State>
  /** Its budget in an input. */
  readonly observation: Sized<Observation>
  /** Before the first height. */
  readonly empty: State
  fold(
    previous: State,
    observations: readonly Input<Observation>[],
    context: FoldContext,
    policy: Policy,
    needs: Needs,
  ): State
  /** The state for a new cluster: rows go with their members to their new seats, rows of those who are gone go. */
  reseat(state: State, seatOf: SeatMap): State
}

/** New seat by old seat; null: no member any more. */
export type SeatMap = (seat: MemberIndex) => MemberIndex | null

/** Rows by member, at their new seats. */
export function reseatRows<Row extends { readonly member: MemberIndex }>(
  rows: readonly Row[],
  seatOf: SeatMap,
): Row[] {
  return rows
    .flatMap((row) => {
      const member = seatOf(row.member)
      return member === null ? [] : [{ ...row, member }]
    })
    .sort((a, b) => a.member - b.member)
}

/** Σ weight of the seats. */
export function weightOf(members: readonly ContextMember[], chosen: readonly MemberIndex[]): number {
  return chosen.reduce((sum, seat) => sum + (members[seat]?.weight ?? 0), 0)
}

/** The largest integer below W / 3. */
export function faultWeightOf(members: readonly ContextMember[]): number {
  return Math.ceil(members.reduce((sum, { weight }) => sum + weight, 0) / 3) - 1
}
