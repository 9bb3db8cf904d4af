import type { LedgerEvent } from '../types/ledger.ts'
import type { Digest, Hex, MemberIndex } from '../types/ids.ts'

/** One encoding per value, so that equal states have equal hashes. */
export interface Codec<T> {
  /** Canonical bytes. Only called on values that `decode` or the reducer itself made. */
  encode(value: T): Uint8Array
  /** The value, or null for bytes that `encode` would not have written. Never throws. */
  decode(bytes: Uint8Array): T | null
}

/** A state with the member who brought it. */
export interface Input<State> {
  readonly member: MemberIndex
  readonly state: State
}

export interface AggregateContext {
  /** The cluster's seed: for orders that nobody could have prepared for. */
  readonly seed: Digest
  /** Ledger events up to the height's eventSeq, ascending. */
  readonly events: readonly LedgerEvent[]
}

/**
 * User-defined deterministic state reducer (paper, sections 2 and 4). Every function is pure and total: integers only;
 * no clock, randomness, I/O, locale, floats or Map order; no throw on anything `decode` accepts. Arguments are frozen.
 */
export interface Reducer<State, Params> {
  /** `name@version`; on chain `keccak(utf8 id)`. */
  readonly id: string
  readonly state: Codec<State>
  readonly params: Codec<Params>
  /** Whether a member's state may be an input. A bad input is excluded by this rule, not by a crash. */
  validate(input: State, params: Params): boolean
  /** f_agg_status: s* from the inputs, ascending by member. May be skipped; called twice per height on equal input. */
  aggregateStatus(inputs: readonly Input<State>[], params: Params, context: AggregateContext): State
  /** f_agg_share: merges the aggregates received. Profile `paper` only; in `bft` the quorum selects. */
  aggregateShare(own: State, shares: readonly Input<State>[], params: Params): State
  /** f_agg_close: the state without the members that left; `remaining` are the inputs still listed. */
  aggregateClose(current: State, remaining: readonly Input<State>[], params: Params): State
}

/** What a driver needs to run a reducer without knowing its State type: bytes in, bytes out. */
export interface ReducerCall {
  readonly reducer: string
  readonly params: Hex
  readonly seed: Digest
  readonly events: readonly LedgerEvent[]
  /** The list holds a CLOSE: the result is f_agg_close(f_agg_status(inputs), inputs). */
  readonly closing?: boolean
  /**
   * Own s*: the result is f_agg_share(own, inputs), the inputs being the s* received. Those that do not decode are left
   * out. Profile `paper` only.
   */
  readonly own?: Uint8Array
  /** Canonical states by member, ascending. Those that do not decode or that `validate` refuses never get here. */
  readonly inputs: readonly { readonly member: MemberIndex; readonly state: Uint8Array }[]
}
