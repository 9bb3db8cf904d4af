import type { ReducerCall } from '../../reducers/reducer.ts'
import type { Reduced } from '../../sandbox/bundle.ts'
import type { Engine } from '../../sandbox/sandbox.ts'
import type { HostFault, SandboxFault } from '../../sandbox/result.ts'
import type { Digest, Hex } from '../../types/ids.ts'

/** What the reducers' thread is started with. */
export interface WorkerInit {
  /** URLs of modules that default-export a Reducer. */
  readonly reducerModules: readonly string[]
}

/** What a thread of the sandbox is started with. */
export interface SandboxInit {
  /** Compiled once per process: threads share it. */
  readonly engine: Engine
  /** Bytes of all bundles that it can be asked for. */
  readonly bundles: readonly Uint8Array[]
}

export type SandboxRequest =
  | { readonly kind: 'reduce'; readonly call: ReducerCall }
  | { readonly kind: 'judge'; readonly bundle: Digest; readonly params: Hex; readonly input: Uint8Array }
  | { readonly kind: 'params'; readonly bundle: Digest; readonly params: Hex }
  /** One more bundle that it can be asked for. */
  | { readonly kind: 'open'; readonly bytes: Uint8Array }

export type SandboxAnswer =
  | { readonly kind: 'reduced'; readonly result: Reduced }
  | { readonly kind: 'said'; readonly yes: boolean }
  | { readonly kind: 'opened'; readonly name: string; readonly usesPrevious: boolean }
  /** It is no reducer, on every machine. */
  | { readonly kind: 'broken'; readonly code: SandboxFault }
  /** This machine could not say. */
  | { readonly kind: 'unable'; readonly code: HostFault }

/** To the worker: one request and the fencing token under which its answer will be accepted. */
export interface WorkerRequest<Request> {
  readonly token: number
  readonly call: Request
}

/** From the worker. `ready` or `unusable` comes first, once; then one answer per request. */
export type WorkerMessage<Answer> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'answer'; readonly token: number; readonly result: Answer }
