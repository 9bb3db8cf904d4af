import { rateLimit } from '../reducers/rate-limit.ts'
import type { RateLimitParams } from '../reducers/rate-limit-codec.ts'
import type { RateLeaseParams } from '../reducers/rate-lease-codec.ts'
import { toHex } from '../codec/hex.ts'
import type { Hex } from '../types/ids.ts'

/**
 * Params of the demo's task. 120,000 tokens a window of 10 s are 720,000 tokens a minute, 1.6 times what arrives on
 * average, yet arrivals come in bursts: with everybody answering, 32 of the 60 windows (53 %) are contended, that is
 * more is queued than the budget covers, and the last queue is empty again in the last window. The cap on a
 * member's claim is above any queue that this leads to.
 */
export const DEMO_LIMIT: RateLimitParams = { budget: 120_000n, demandMax: 1_000_000n }

/** The same as a task carries them. */
export const DEMO_LIMIT_HEX: Hex = toHex(rateLimit.params.encode(DEMO_LIMIT))

/** Windows that a lease lasts: a height that a slow member holds up is decided before. */
const LEASE_WINDOWS = 5

/**
 * A budget in leases for so many members. A floor is three quarters of an even split, so that those who know of no lease keep
 * within a budget that is lowered by a quarter.
 *
 * @param budget tokens a window
 */
export function leaseParams(members: number, budget = DEMO_LIMIT.budget): RateLeaseParams {
  const floor = (3n * budget) / (4n * BigInt(members))
  return { budget, demandMax: DEMO_LIMIT.demandMax, floor, leaseWindows: LEASE_WINDOWS }
}
