import type { ReducerCall } from '../reducers/reducer.ts'
import type { Cluster } from '../types/cluster.ts'
import type { LedgerEvent } from '../types/ledger.ts'
import type { TaskParams } from '../types/task.ts'

/** What is fixed of the calls of one task's reducer. */
export interface CalledTask {
  readonly reducer: string
  readonly params: TaskParams
  readonly cluster: Cluster
}

/** The call that aggregates a list at a height. `before`: the state before, asked for if the reducer is handed it. */
export function reducerCall(
  { reducer, params, cluster }: CalledTask,
  height: number,
  events: readonly LedgerEvent[],
  before: () => Uint8Array,
  list: Pick<ReducerCall, 'inputs' | 'closing'>,
): ReducerCall {
  return {
    reducer,
    params: params.reducerParams,
    context: {
      seed: cluster.seed,
      height,
      members: cluster.members.map(({ key, weight }) => ({ key, weight })),
      previous: params.usesPrevious ? before() : null,
      events,
    },
    ...list,
  }
}
