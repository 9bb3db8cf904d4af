import type { ReducerCall } from '../reducers/reducer.ts'
import type { ReducerResult } from '../reducers/result.ts'
import type { SandboxFault } from '../sandbox/result.ts'

/**
 * Runs reducers where they cannot hold up the node: the paper's timed mutex around aggregation (section 3, eq. 2–4).
 * One call at a time holds it; a call that has not answered at τ loses it, and its late answer is never delivered.
 */
export interface ReducerRunner {
  /**
   * The result of `runReducer`, or why the runner has none. Never blocks the caller's thread; calls made meanwhile wait
   * their turn, in order. Rejects only with RsdpError, when reducers cannot be run at all: E_REDUCER_WORKER.
   */
  run(call: ReducerCall): Promise<RunnerResult>
  /** Ends all calls with `stopped` and releases every handle. May be called twice; afterwards `run` says `stopped`. */
  stop(): Promise<void>
}

export type RunnerResult = ReducerResult | RunnerFailure | { readonly ok: false; readonly code: SandboxFault }

export interface RunnerFailure {
  readonly ok: false
  readonly code: RunnerFault
}

export type RunnerFault =
  /** No answer before τ: exception raised, μ ← 0. */
  | 'timedOut'
  /** The reducer brought its thread down: out of memory, `process.exit`. */
  | 'crashed'
  /** Too many calls are waiting. */
  | 'busy'
  /** The runner was stopped. */
  | 'stopped'
