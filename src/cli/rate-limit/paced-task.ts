import type { TaskParams } from '../../types/task.ts'

/**
 * A task whose heights keep step with a provider's windows. A height is signed when its window is over: DEBATE must
 * outlast the wait, which is two windows at most, and heights open twice as often as windows end, so that one that was
 * late is caught up with.
 */
export function pacedTask(params: TaskParams, windowMs: number): TaskParams {
  const windowTicks = Math.ceil(windowMs / params.tickMs)
  return {
    ...params,
    slotTicks: Math.max(1, Math.floor(windowTicks / 2)),
    debateTicks: Math.ceil(2.5 * windowTicks),
  }
}
