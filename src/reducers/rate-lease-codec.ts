import { fixedCodec, rowsCodec, struct, u64, u8 } from './fixed-width.ts'
import type { MemberRow } from './fixed-width.ts'
import type { Codec } from './reducer.ts'

/** Who may send how much to a provider. Amounts are tokens a window; windows are the provider's, u64, from 1. */
export interface RateLeaseState {
  /** Of an input: the window in which it was made. Of a state: the agreed one, from which its leases hold. */
  readonly window: bigint
  /** What the provider takes; 0 in an input. */
  readonly budget: bigint
  /** By member, at most 128; a seat without a row has its floor. */
  readonly rows: readonly RateLeaseRow[]
}

export interface RateLeaseRow extends MemberRow {
  /** Most that it sends in a window from its input's on, until it is granted more; 0 for who was not listed. */
  readonly demand: bigint
  /** Its lease; 0 in an input, like all that has no other meaning there. */
  readonly share: bigint
  /** Last window of the lease. */
  readonly end: bigint
  /** What it may have sent, and may send while it does not know of that lease … In an input: what it has sent in `window`. */
  readonly held: bigint
  /** … up to this window, … */
  readonly heldEnd: bigint
  /** … and from then on to `end`. */
  readonly pledge: bigint
}

export interface RateLeaseParams {
  /** Until an event says otherwise. */
  readonly budget: bigint
  /** Most that a member may claim and an event may set, ≥ budget. */
  readonly demandMax: bigint
  /** What a member may send without a lease. */
  readonly floor: bigint
  /** Windows that a lease lasts, 1 … 16. */
  readonly leaseWindows: number
}

/**
 * `u64 window ‖ u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share ‖ u64 end ‖ u64 held ‖ u64 heldEnd ‖
 * u64 pledge)`; at most 6,289 bytes.
 */
export const rateLeaseStateCodec: Codec<RateLeaseState> = rowsCodec(
  struct({ window: u64, budget: u64 }),
  struct<RateLeaseRow>({
    member: u8,
    demand: u64,
    share: u64,
    end: u64,
    held: u64,
    heldEnd: u64,
    pledge: u64,
  }),
)

/** `u64 budget ‖ u64 demandMax ‖ u64 floor ‖ u8 leaseWindows`. */
export const rateLeaseParamsCodec: Codec<RateLeaseParams> = fixedCodec(
  struct<RateLeaseParams>({ budget: u64, demandMax: u64, floor: u64, leaseWindows: u8 }),
  ({ budget, demandMax, leaseWindows }) => budget <= demandMax && leaseWindows >= 1 && leaseWindows <= 16,
)

/**
 * An input: who makes it sends at most `demand` tokens in `window`, and in each after it until it is granted more.
 *
 * @param sent of `demand`, what it has sent in `window` before
 */
export function leaseClaim(window: bigint, demand: bigint, sent: bigint): RateLeaseState {
  const row = { member: 0, demand, share: 0n, end: 0n, held: sent, heldEnd: 0n, pledge: 0n }
  return { window, budget: 0n, rows: [row] }
}
