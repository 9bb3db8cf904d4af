import type { ReducerCall } from '../../reducers/reducer.ts'
import type { ReducerResult } from '../../reducers/result.ts'

/** What the runner's thread is started with. */
export interface WorkerInit {
  /** URLs of modules that default-export a Reducer. */
  readonly reducerModules: readonly string[]
}

/** To the worker: one call and the fencing token under which its answer will be accepted. */
export interface WorkerRequest {
  readonly token: number
  readonly call: ReducerCall
}

/** From the worker. `ready` or `unusable` comes first, once; then one answer per request. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'answer'; readonly token: number; readonly result: ReducerResult }
