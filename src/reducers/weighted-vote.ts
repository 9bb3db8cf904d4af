import { NIL } from '../types/ids.ts'
import type { Digest } from '../types/ids.ts'
import { bytes32, fixedCodec, rowsCodec, struct, u64, u8 } from './fixed-width.ts'
import type { MemberRow } from './fixed-width.ts'
import type { Reducer } from './reducer.ts'
import { onlyRow, remainingRows, rowsOf, uniteRows } from './rows.ts'
import { firstBySeed } from './seed-order.ts'

/** 1 in fixed point, as in the weights of profile `paper`. */
export const ONE = 10n ** 18n

/** Which choice carries the most weight. */
export interface WeightedVoteState {
  /** Orders ties; 32 zero bytes in an input. */
  readonly seed: Digest
  /** The elected choice; 32 zero bytes in an input and of no rows. */
  readonly choice: Digest
  /** Its part of all weight, fixed point 1e18, rounded down; 0 in an input. */
  readonly share: bigint
  readonly rows: readonly WeightedVoteRow[]
}

export interface WeightedVoteRow extends MemberRow {
  readonly choice: Digest
  /** Raw weight as the member states it, u64. */
  readonly weight: bigint
}

export interface WeightedVoteParams {
  /** Least weight a member may state, ≥ 1. */
  readonly weightMin: bigint
  /** Highest weight a member may state, ≥ weightMin. */
  readonly weightMax: bigint
}

/**
 * The weighted vote (paper, eq. 7) with weights that members state, such as their resources. Nobody can check those, so
 * the params bound them, and the seat's weight in the protocol stays what stake made it.
 *
 * - C(choice) = Σ weight of its voters, exact; the highest wins; share = ⌊C · 1e18 / Σ weight⌋;
 * - ties go by the least `keccak(seed ‖ choice)`;
 * - f liars cannot beat a choice that h others share while f · weightMax < h · weightMin, whatever they state.
 *
 * Pure and total; events are not used.
 */
export const weightedVote: Reducer<WeightedVoteState, WeightedVoteParams> = {
  id: 'weighted-vote@1',
  /**
   * `bytes32 seed ‖ bytes32 choice ‖ u64 share ‖ u8 count ‖ count × (u8 member ‖ bytes32 choice ‖ u64 weight)`; at most
   * 5,321 bytes.
   */
  state: rowsCodec(
    struct({ seed: bytes32, choice: bytes32, share: u64 }),
    struct<WeightedVoteRow>({ member: u8, choice: bytes32, weight: u64 }),
  ),
  /** `u64 weightMin ‖ u64 weightMax`, 1 ≤ weightMin ≤ weightMax. */
  params: fixedCodec(
    struct<WeightedVoteParams>({ weightMin: u64, weightMax: u64 }),
    ({ weightMin, weightMax }) => weightMin >= 1n && weightMin <= weightMax,
  ),

  /** Seed, choice and share 0, and one row with member 0, weightMin ≤ weight ≤ weightMax. */
  validate({ seed, choice, share, rows }, { weightMin, weightMax }) {
    const row = onlyRow(rows)
    if (row === null || seed !== NIL || choice !== NIL || share !== 0n) return false
    return row.weight >= weightMin && row.weight <= weightMax
  },

  /** One row per input. Input order does not matter: rows come out by member. */
  aggregateStatus(inputs, _params, { seed }) {
    return elect(seed, rowsOf(inputs))
  },

  /** Union of all rows of states with the own seed; where they differ, the choice first by seed, the smaller weight. */
  aggregateShare({ seed, rows }, shares) {
    const alike = shares.filter(({ state }) => state.seed === seed).map(({ state }) => state.rows)
    const choose = (a: WeightedVoteRow, b: WeightedVoteRow): WeightedVoteRow => {
      if (a.choice === b.choice) return a.weight <= b.weight ? a : b
      return firstBySeed(seed, [a.choice, b.choice]) === a.choice ? a : b
    }
    return elect(seed, uniteRows([rows, ...alike], choose))
  },

  /** The election among the remaining members' rows. */
  aggregateClose({ seed, rows }, remaining) {
    return elect(seed, remainingRows(rows, remaining))
  },
}

function elect(seed: Digest, rows: readonly WeightedVoteRow[]): WeightedVoteState {
  const tally = new Map<Digest, bigint>()
  let total = 0n
  for (const { choice, weight } of rows) {
    tally.set(choice, (tally.get(choice) ?? 0n) + weight)
    total += weight
  }
  const highest = [...tally.values()].reduce((a, b) => (a > b ? a : b), 0n)
  const leaders = [...tally].filter(([, weight]) => weight === highest).map(([choice]) => choice)
  const share = total === 0n ? 0n : (highest * ONE) / total
  return { seed, choice: firstBySeed(seed, leaders) ?? NIL, share, rows }
}
