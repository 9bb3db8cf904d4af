import { toHex } from '../../codec/hex.ts'
import { DEMO_LIMIT } from '../../demo/budget.ts'
import { reducerHash } from '../../reducers/catalog.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import type { TaskParams } from '../../types/task.ts'
import type { TaskSize, TaskWork } from '../task-params.ts'
import { taskOf } from '../task-params.ts'

/** Bytes of a rate-limit state with so many rows: u64 budget ‖ u8 count ‖ count × (u8 member ‖ u64 demand ‖ u64 share) */
export const stateBytes = (nodes: number): number => 9 + 17 * nodes

/** Parameters of a rate-limit task over the demo's trace, with time-outs that fit its replay speed. */
export const rateLimitTask = (task: TaskSize): TaskParams => taskOf(task, rateLimitWork(task.nodes))

/** What a rate-limit task over the demo's trace computes. */
export function rateLimitWork(nodes: number): TaskWork {
  return {
    reducer: reducerHash(rateLimit.id),
    reducerParams: toHex(rateLimit.params.encode(DEMO_LIMIT)),
    usesPrevious: false,
    stateCap: stateBytes(nodes),
    inputCap: stateBytes(1),
    calldataInputs: true,
  }
}
