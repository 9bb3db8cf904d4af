import { toHex } from '../codec/hex.ts'
import { reducerHash } from '../reducers/catalog.ts'
import { rateLease } from '../reducers/rate-lease.ts'
import { leaseClaim } from '../reducers/rate-lease-codec.ts'
import type { RateLeaseParams } from '../reducers/rate-lease-codec.ts'
import { STATE_BYTES_MAX } from '../reducers/run.ts'
import type { TaskParams } from '../types/task.ts'

/**
 * A task of `rate-lease@1` whose heights keep step with a provider's windows. A height is signed as a window begins: DEBATE
 * must outlast the wait, which is two windows at most, and heights open twice as often as windows end, so that one that was
 * late is caught up with.
 *
 * @param params of a task of `rate-limit@1`
 */
export function leaseTask(params: TaskParams, windowMs: number, lease: RateLeaseParams): TaskParams {
  const windowTicks = Math.ceil(windowMs / params.tickMs)
  return {
    ...params,
    reducer: reducerHash(rateLease.id),
    reducerParams: toHex(rateLease.params.encode(lease)),
    usesPrevious: true,
    stateCap: STATE_BYTES_MAX,
    inputCap: rateLease.state.encode(leaseClaim(0n, 0n, 0n)).length,
    slotTicks: Math.max(1, Math.floor(windowTicks / 2)),
    debateTicks: Math.ceil(2.5 * windowTicks),
  }
}
