import type { StateSource } from '../ports/state-source.ts'
import { InvariantError } from '../types/errors.ts'
import type { NodeInit, SourceRequest } from './node-init.ts'
import { decidedBodies, decidedInputs, decidedStates } from './restored.ts'

/** The application's side of a task; null if it has none, also if these params are too much for it. */
export function openSource(
  { sourceFor, store, logger }: Pick<NodeInit, 'sourceFor' | 'store' | 'logger'>,
  seat: Pick<SourceRequest, 'taskId' | 'reducer' | 'params' | 'self' | 'cluster' | 'wish'>,
): StateSource | null {
  const { id, members } = seat.cluster
  try {
    return sourceFor({
      ...seat,
      members: members.length,
      decided: decidedStates(store, id),
      inputsAt: (height) => decidedInputs(store, id, height),
      bodiesAt: (height) => decidedBodies(store, id, height),
    })
  } catch (error) {
    if (error instanceof InvariantError) throw error
    logger.error('source.failed', { task: String(seat.taskId), error: String(error) })
    return null
  }
}
