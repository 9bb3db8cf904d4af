import type { StateSource } from '../ports/state-source.ts'
import { InvariantError } from '../types/errors.ts'
import type { NodeInit, SourceRequest } from './node-init.ts'
import { decidedBodies, decidedInputs } from './restored.ts'

/** The application's side of a task; null if it has none, also if these params are too much for it. */
export function openSource(
  { sourceFor, store, logger }: Pick<NodeInit, 'sourceFor' | 'store' | 'logger'>,
  seat: Pick<SourceRequest, 'taskId' | 'reducer' | 'params' | 'line' | 'self' | 'cluster' | 'wish'>,
): StateSource | null {
  const { id, members } = seat.cluster
  try {
    return sourceFor({
      ...seat,
      members: members.length,
      decided: store.states(id, 1, seat.params.heights),
      statesFrom: (height, count) => store.states(id, height, count),
      inputsAt: (height) => decidedInputs(store, id, height),
      bodiesAt: (height) => decidedBodies(store, id, height),
    })
  } catch (error) {
    if (error instanceof InvariantError) throw error
    logger.error('source.failed', { task: String(seat.taskId), error: String(error) })
    return null
  }
}
