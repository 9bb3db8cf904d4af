import { fixedCodec, i128, rowsCodec, struct, u8 } from './fixed-width.ts'
import type { MemberRow } from './fixed-width.ts'
import type { Reducer } from './reducer.ts'
import { onlyRow, remainingRows, rowsOf, uniteRows } from './rows.ts'

/** What members observe of one quantity. All values are integers, i128, in the unit that the task names. */
export interface MedianState {
  /** The lower median; 0 in an input and of no rows. */
  readonly median: bigint
  /** By member, ascending, no member twice, at most 128: their number is the count of observations. */
  readonly rows: readonly MedianRow[]
}

export interface MedianRow extends MemberRow {
  readonly value: bigint
}

export interface MedianParams {
  /** Least value a member may bring. */
  readonly min: bigint
  /** Highest value a member may bring, ≥ min. */
  readonly max: bigint
}

/**
 * The lower median of what members observe: sorted ascending, the value at position ⌊(count − 1) / 2⌋, counted from 0. It
 * is always a value that somebody brought, never a mean of two.
 *
 * With fewer than half of the inputs false, it lies between the least and the highest true one, wherever the false ones
 * lie: at least one true value is ≤ it and one is ≥ it. Inputs count one each, whatever their members' weights.
 *
 * Pure and total; seed and events are not used.
 */
export const median: Reducer<MedianState, MedianParams> = {
  id: 'median@1',
  /** `i128 median ‖ u8 count ‖ count × (u8 member ‖ i128 value)`; at most 2,193 bytes. */
  state: rowsCodec(struct({ median: i128 }), struct<MedianRow>({ member: u8, value: i128 })),
  /** `i128 min ‖ i128 max`, min ≤ max. */
  params: fixedCodec(struct<MedianParams>({ min: i128, max: i128 }), ({ min, max }) => min <= max),

  /** Median 0 and one row with member 0, min ≤ value ≤ max. */
  validate(input, { min, max }) {
    const row = onlyRow(input.rows)
    return row !== null && input.median === 0n && row.value >= min && row.value <= max
  },

  /** One row per input. Input order does not matter: rows come out by member. */
  aggregateStatus(inputs) {
    return withMedian(rowsOf(inputs))
  },

  /** Union of all rows; where states differ, the smaller value. */
  aggregateShare(own, shares) {
    const lists = [own.rows, ...shares.map(({ state }) => state.rows)]
    return withMedian(uniteRows(lists, (a, b) => (a.value <= b.value ? a : b)))
  },

  /** The median of the remaining members' values. */
  aggregateClose(current, remaining) {
    return withMedian(remainingRows(current.rows, remaining))
  },
}

function withMedian(rows: readonly MedianRow[]): MedianState {
  const values = rows.map(({ value }) => value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return { median: values[(values.length - 1) >> 1] ?? 0n, rows }
}
