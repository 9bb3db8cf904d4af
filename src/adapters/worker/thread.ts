import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ReducerCall } from '../../reducers/reducer.ts'
import type { ReducerResult } from '../../reducers/result.ts'
import type {
  SandboxAnswer,
  SandboxInit,
  SandboxRequest,
  WorkerInit,
  WorkerMessage,
  WorkerRequest,
} from './worker-protocol.ts'

/** What a runner needs of a worker thread; tests put a scripted one in its place. */
export interface Thread<Request, Answer> {
  on(event: 'message', listener: (message: WorkerMessage<Answer>) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  postMessage(request: WorkerRequest<Request>): void
  /** Ends the thread even in the middle of an endless loop. May be called twice. */
  terminate(): Promise<unknown>
}

/** This file's own: `.ts` in the repository, `.js` in the package. */
const EXTENSION = extname(import.meta.url)

/** Heap of such a thread, MiB: states are at most 31 KiB, so a reducer that needs more is broken. */
const HEAP_MIB_MAX = 128

export function startReducerThread(init: WorkerInit): Thread<ReducerCall, ReducerResult> {
  return start('./entry', 'rsdp-reducer', init)
}

export function startSandboxThread(init: SandboxInit): Thread<SandboxRequest, SandboxAnswer> {
  return start('./sandbox-entry', 'rsdp-sandbox', init)
}

/**
 * Starts a thread for code of others. It sees no environment variables, since those may hold keys, and its standard
 * output is dropped, since commands print JSON there; standard error stays readable for authors of reducers. Flags of
 * the process (--eval, --inspect-brk) are not passed on.
 */
function start(entry: string, name: string, workerData: unknown): Worker {
  const worker = new Worker(new URL(`${entry}${EXTENSION}`, import.meta.url), {
    name,
    workerData,
    env: {},
    execArgv: [],
    stdout: true,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  })
  worker.stdout.resume()
  return worker
}
