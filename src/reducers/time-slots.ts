import { concatHex, uint } from '../codec/hex.ts'
import { NIL } from '../types/ids.ts'
import type { Digest } from '../types/ids.ts'
import { assignSlots } from './fair-slots.ts'
import { bytes32, fixedCodec, rowsCodec, struct, u64, u8 } from './fixed-width.ts'
import type { MemberRow } from './fixed-width.ts'
import type { Reducer } from './reducer.ts'
import { onlyRow, remainingRows, rowsOf, uniteRows } from './rows.ts'
import { seedRank } from './seed-order.ts'

/** Who may use a shared resource when, in one period. */
export interface TimeSlotsState {
  /** Orders ties; 32 zero bytes in an input. */
  readonly seed: Digest
  /** Which period the slots are of; an input states the one it bids for. u64. */
  readonly period: bigint
  /** Number of slots, as the params have it; 0 in an input. */
  readonly slots: number
  readonly rows: readonly TimeSlotsRow[]
}

export interface TimeSlotsRow extends MemberRow {
  /** Slots this member bids for: bit s = slot s. u64. */
  readonly wanted: bigint
  /** Slots it owns, of those; 0 in an input. */
  readonly granted: bigint
}

export interface TimeSlotsParams {
  /** 1 … 64. */
  readonly slots: number
}

const SLOTS_MAX = 64

/**
 * Members bid for the time slots of a shared resource; each slot has one owner.
 *
 * - A slot goes to a member that wants it, and to nobody only if nobody does;
 * - max-min fair in the number of slots (`assignSlots`): nobody can get one more unless somebody with no more loses one;
 * - ties go by the least `keccak(seed ‖ u64 period ‖ u8 member)`, so that every period draws its own order;
 * - the period is the lower median of those stated: fewer than half false ones cannot move it out of the true ones.
 *
 * A member that bids for more than it needs can gain, up to the fair level; no evidence tells a false bid. Pure and
 * total; events are not used.
 */
export const timeSlots: Reducer<TimeSlotsState, TimeSlotsParams> = {
  id: 'time-slots@1',
  /**
   * `bytes32 seed ‖ u64 period ‖ u8 slots ‖ u8 count ‖ count × (u8 member ‖ u64 wanted ‖ u64 granted)`; at most 2,218
   * bytes.
   */
  state: rowsCodec(
    struct({ seed: bytes32, period: u64, slots: u8 }),
    struct<TimeSlotsRow>({ member: u8, wanted: u64, granted: u64 }),
  ),
  /** `u8 slots`, 1 … 64. */
  params: fixedCodec(struct<TimeSlotsParams>({ slots: u8 }), ({ slots }) => slots >= 1 && slots <= SLOTS_MAX),

  /** Seed and slots 0, and one row with member 0, granted 0 and no bid for a slot that does not exist. */
  validate({ seed, slots, rows }, params) {
    const row = onlyRow(rows)
    if (row === null || seed !== NIL || slots !== 0) return false
    return row.granted === 0n && row.wanted >> BigInt(params.slots) === 0n
  },

  /** One row per input. Input order does not matter: rows come out by member. */
  aggregateStatus(inputs, { slots }, { seed }) {
    const periods = inputs.map(({ state }) => state.period).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    return grant(seed, periods[(periods.length - 1) >> 1] ?? 0n, slots, rowsOf(inputs))
  },

  /** Union of all rows of states with the own seed, for the largest period; where they differ, the union of the bids. */
  aggregateShare(own, shares, { slots }) {
    const alike = shares.map(({ state }) => state).filter(({ seed }) => seed === own.seed)
    const period = alike.reduce(
      (largest, state) => (state.period > largest ? state.period : largest),
      own.period,
    )
    const rows = uniteRows([own.rows, ...alike.map((state) => state.rows)], (a, b) => ({
      member: a.member,
      wanted: a.wanted | b.wanted,
      granted: 0n,
    }))
    return grant(own.seed, period, slots, rows)
  },

  /** The slots handed out anew among the remaining members. */
  aggregateClose({ seed, period, rows }, remaining, { slots }) {
    return grant(seed, period, slots, remainingRows(rows, remaining))
  },
}

function grant(seed: Digest, period: bigint, slots: number, rows: readonly TimeSlotsRow[]): TimeSlotsState {
  const rankOf = ({ member }: TimeSlotsRow): Digest =>
    seedRank(seed, concatHex(uint(period, 8), uint(member, 1)))
  const bidders = rows
    .map((row, at) => ({ at, wanted: row.wanted, rank: rankOf(row) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
  const granted = rows.map(() => 0n)
  assignSlots(
    slots,
    bidders.map(({ wanted }) => wanted),
  ).forEach((owner, slot) => {
    const at = owner === null ? undefined : bidders[owner]?.at
    if (at !== undefined) granted[at] = (granted[at] ?? 0n) | (1n << BigInt(slot))
  })
  return {
    seed,
    period,
    slots,
    rows: rows.map(({ member, wanted }, i) => ({ member, wanted, granted: granted[i] ?? 0n })),
  }
}
