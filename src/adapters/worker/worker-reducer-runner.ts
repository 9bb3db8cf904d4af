import type { Clock } from '../../ports/clock.ts'
import type { ReducerRunner } from '../../ports/reducer-runner.ts'
import type { ReducerCall } from '../../reducers/reducer.ts'
import type { ReducerResult } from '../../reducers/result.ts'
import { startReducerThread } from './thread.ts'
import type { Thread } from './thread.ts'
import { TimedThread } from './timed-thread.ts'
import type { WorkerInit } from './worker-protocol.ts'

export interface WorkerReducerRunnerInit {
  readonly clock: Clock
  /** τ, ms */
  readonly timeoutMs: number
  /** URLs of modules that default-export a Reducer; they may not take a stock reducer's id. Default none. */
  readonly reducerModules?: readonly string[]
  readonly startThread?: (init: WorkerInit) => Thread<ReducerCall, ReducerResult>
}

/** Runs the reducers of this package, and of modules that the operator names, in a thread of their own. */
export class WorkerReducerRunner extends TimedThread<ReducerCall, ReducerResult> implements ReducerRunner {
  constructor(init: WorkerReducerRunnerInit) {
    const { reducerModules = [], startThread = startReducerThread } = init
    super({ ...init, start: () => startThread({ reducerModules }) })
  }
}
