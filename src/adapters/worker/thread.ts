import { Worker } from 'node:worker_threads'
import type { WorkerInit, WorkerMessage, WorkerRequest } from './worker-protocol.ts'

/** What the runner needs of a worker thread; tests put a scripted one in its place. */
export interface Thread {
  on(event: 'message', listener: (message: WorkerMessage) => void): unknown
  on(event: 'error', listener: (error: unknown) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  postMessage(request: WorkerRequest): void
  /** Ends the thread even in the middle of an endless loop. May be called twice. */
  terminate(): Promise<unknown>
}

/** Heap of the reducer thread, MiB: states are at most 31 KiB, so a reducer that needs more is broken. */
const HEAP_MIB_MAX = 128

/**
 * Starts the reducer thread. It sees no environment variables, since those may hold keys, and its standard output is
 * dropped, since commands print JSON there; standard error stays readable for authors of reducers.
 * Flags of the process (--eval, --inspect-brk) are not passed on.
 */
export function startThread(workerData: WorkerInit): Thread {
  const worker = new Worker(new URL('./entry.ts', import.meta.url), {
    name: 'rsdp-reducer',
    workerData,
    env: {},
    execArgv: [],
    stdout: true,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  })
  worker.stdout.resume()
  return worker
}
