import { fixedCodec, rowsCodec, struct, u64, u8 } from './fixed-width.ts'
import type { MemberRow } from './fixed-width.ts'
import type { Codec } from './reducer.ts'

/** How one provider's budget is split for one height. All amounts are tokens, u64. */
export interface RateLimitState {
  /** Tokens that the provider takes in this height; 0 in an input. */
  readonly budget: bigint
  /** By member, ascending, no member twice, at most 128. */
  readonly rows: readonly RateLimitRow[]
}

export interface RateLimitRow extends MemberRow {
  /** Tokens queued at this member. */
  readonly demand: bigint
  /** Tokens this member may send; 0 in an input. */
  readonly share: bigint
}

export interface RateLimitParams {
  /** Tokens per height until an event says otherwise. */
  readonly budget: bigint
  /** Highest demand a member may claim, tokens. */
  readonly demandMax: bigint
}

/** `u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share)`; at most 2,185 bytes. */
export const rateLimitStateCodec: Codec<RateLimitState> = rowsCodec(
  struct({ budget: u64 }),
  struct<RateLimitRow>({ member: u8, demand: u64, share: u64 }),
)

/** `u64 budget ‖ u64 demandMax`. */
export const rateLimitParamsCodec: Codec<RateLimitParams> = fixedCodec(
  struct<RateLimitParams>({ budget: u64, demandMax: u64 }),
)

const budgetEventCodec = fixedCodec(u64)

/** The budget an event sets (8 bytes, u64, tokens per height), or null for data of any other length. */
export function decodeBudgetEvent(data: Uint8Array): bigint | null {
  return budgetEventCodec.decode(data)
}

/** An event that sets the budget. */
export function encodeBudgetEvent(budget: bigint): Uint8Array {
  return budgetEventCodec.encode(budget)
}
