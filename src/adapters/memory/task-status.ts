import type { TaskStatus } from '../../types/task.ts'
import type { ChainTask } from './chain.ts'

/** In which history is still accepted. */
export const RUNNING: ReadonlySet<TaskStatus> = new Set(['Active', 'Finalizing'])

/** A task's end by `endBlock` or by silence is not modelled. */
export function statusOf(task: ChainTask, block: number, closeGrace: number): TaskStatus {
  const { cluster, revokedAt, params, last, lastBlock, limit } = task
  if (cluster === null) return revokedAt !== null && revokedAt <= params.joinDeadline ? 'Expired' : 'Open'
  const isComplete = last === params.heights || limit === 0
  if (!isComplete && revokedAt === null) return 'Active'
  const end =
    isComplete && (limit === 0 || revokedAt === null || lastBlock < revokedAt) ? lastBlock : revokedAt
  return block < (end ?? 0) + closeGrace ? 'Finalizing' : 'Closed'
}
