import { NIL } from '../types/ids.ts'
import type { Digest } from '../types/ids.ts'
import { bytes32, fixedCodec, rowsCodec, struct, u8 } from './fixed-width.ts'
import type { MemberRow } from './fixed-width.ts'
import type { Reducer } from './reducer.ts'
import { onlyRow, remainingRows, rowsOf, uniteRows } from './rows.ts'
import { firstBySeed } from './seed-order.ts'

/** Which 32-byte value most members hold. */
export interface PopularValueState {
  /** Orders ties; 32 zero bytes in an input. */
  readonly seed: Digest
  /** The elected value; 32 zero bytes in an input and of no rows. */
  readonly value: Digest
  /** How many rows hold it; 0 in an input. */
  readonly count: number
  readonly rows: readonly PopularValueRow[]
}

export interface PopularValueRow extends MemberRow {
  readonly value: Digest
}

/** There is nothing to choose. */
export type PopularValueParams = Readonly<Record<string, never>>

/**
 * The popular vote (paper, eq. 5) over values that members bring: a hash, an address, a block, a version.
 *
 * - The value with the highest count wins; what more than half of the inputs hold always does;
 * - of several with the same count the one with the least `keccak(seed ‖ value)`: never the least value, which a member
 *   that may choose any part of it would grind for.
 *
 * Pure and total; events are not used.
 */
export const popularValue: Reducer<PopularValueState, PopularValueParams> = {
  id: 'popular-value@1',
  /** `bytes32 seed ‖ bytes32 value ‖ u8 count ‖ u8 rows ‖ rows × (u8 member ‖ bytes32 value)`; at most 4,290 bytes. */
  state: rowsCodec(
    struct({ seed: bytes32, value: bytes32, count: u8 }),
    struct<PopularValueRow>({ member: u8, value: bytes32 }),
  ),
  /** No bytes. */
  params: fixedCodec(struct<PopularValueParams>({})),

  /** Seed, value and count 0, and one row with member 0. */
  validate({ seed, value, count, rows }) {
    return seed === NIL && value === NIL && count === 0 && onlyRow(rows) !== null
  },

  /** One row per input. Input order does not matter: rows come out by member. */
  aggregateStatus(inputs, _params, { seed }) {
    return elect(seed, rowsOf(inputs))
  },

  /** Union of all rows of states with the own seed; where they differ, the value that is first by seed. */
  aggregateShare({ seed, rows }, shares) {
    const alike = shares.filter(({ state }) => state.seed === seed).map(({ state }) => state.rows)
    const choose = (a: PopularValueRow, b: PopularValueRow): PopularValueRow =>
      firstBySeed(seed, [a.value, b.value]) === a.value ? a : b
    return elect(seed, uniteRows([rows, ...alike], choose))
  },

  /** The election among the remaining members' rows. */
  aggregateClose({ seed, rows }, remaining) {
    return elect(seed, remainingRows(rows, remaining))
  },
}

function elect(seed: Digest, rows: readonly PopularValueRow[]): PopularValueState {
  const counts = new Map<Digest, number>()
  for (const { value } of rows) counts.set(value, (counts.get(value) ?? 0) + 1)
  const count = Math.max(0, ...counts.values())
  const leaders = [...counts].filter(([, votes]) => votes === count).map(([value]) => value)
  return { seed, value: firstBySeed(seed, leaders) ?? NIL, count, rows }
}
