import type { LedgerEvent } from '../types/ledger.ts'
import type { Address, Digest, Hex, MemberIndex } from '../types/ids.ts'

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

/** A seat of the cluster. */
export interface ContextMember {
  readonly key: Address
  /** Weight of its votes, as the snapshot has it. */
  readonly weight: number
}

/** What a reducer may know besides its inputs: the same on both sides of the chain (IReducer.Context). */
export interface Context {
  /** The cluster's seed: for orders that nobody could have prepared for. */
  readonly seed: Digest
  /** The height whose inputs are aggregated, ≥ 1. */
  readonly height: number
  /** By seat. */
  readonly members: readonly ContextMember[]
  /**
   * Canonical bytes of the decided state of height − 1. Empty at height 1, and for a reducer that does not declare
   * `uses: ['previous']`.
   */
  readonly previous: Uint8Array
}

export interface AggregateContext extends Context {
  /** Ledger events up to the height's eventSeq, ascending; convictions among them are of kind `system`. */
  readonly events: readonly LedgerEvent[]
}

/** What of the context costs something, so that a reducer has to ask for it. */
export type Need = 'previous'

/**
 * User-defined deterministic state reducer (paper, sections 2 and 4). Every function is pure and total: integers only;
 * no clock, randomness, I/O, locale, floats or Map order; no throw on anything `decode` accepts. Arguments are frozen.
 */
export interface Reducer<State, Params> {
  /** `name@version`; on chain `keccak(utf8 id)`. */
  readonly id: string
  readonly state: Codec<State>
  readonly params: Codec<Params>
  /**
   * What it needs of the context. `previous` makes each height depend on the one before: the task has to say so
   * (`TaskParams.usesPrevious`), and profile `paper`, where members may hold different states, refuses it.
   */
  readonly uses?: readonly Need[]
  /**
   * Heights of its tasks open on demand too (docs/protocol.md): fewest ticks between two openings, ≥ 1. Absent: by schedule
   * and ledger only.
   */
  minHeightTicks?(params: Params): number
  /** Whether a member's state may be an input. A bad input is excluded by this rule, not by a crash. */
  validate(input: State, params: Params): boolean
  /** f_agg_status: s* from the inputs, ascending by member. May be skipped; called twice per height on equal input. */
  aggregateStatus(inputs: readonly Input<State>[], params: Params, context: AggregateContext): State
  /**
   * f_agg_share: merges the aggregates received. Profile `paper` only, without a context; in `bft` the quorum selects.
   */
  aggregateShare(own: State, shares: readonly Input<State>[], params: Params): State
  /**
   * f_agg_close: the state without the members that left; `remaining` are the inputs still listed. It gets no ledger
   * events: `current`, the aggregate of the same height, has them in it.
   */
  aggregateClose(current: State, remaining: readonly Input<State>[], params: Params, context: Context): State
}

/** The context as a driver has it. */
export interface CallContext extends Omit<AggregateContext, 'previous'> {
  /** Null where no agreed state is handed on: profile `paper`, and tasks that do not say `usesPrevious`. */
  readonly previous: Uint8Array | null
}

/** What a driver needs to run a reducer without knowing its State type: bytes in, bytes out. */
export interface ReducerCall {
  readonly reducer: string
  readonly params: Hex
  readonly context: CallContext
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

/** Whether a reducer needs the decided state of the height before. */
export function usesPrevious({ uses = [] }: { readonly uses?: readonly Need[] }): boolean {
  return uses.includes('previous')
}
