import { parentPort, workerData } from 'node:worker_threads'
import { findReducer } from '../../reducers/catalog.ts'
import type { AnyReducer } from '../../reducers/catalog.ts'
import type { ReducerCall } from '../../reducers/reducer.ts'
import type { ReducerResult } from '../../reducers/result.ts'
import { runReducer } from '../../reducers/run.ts'
import { invariant } from '../../types/errors.ts'
import type { WorkerInit, WorkerMessage, WorkerRequest } from './worker-protocol.ts'

// The reducer thread: loads what it was told to, then answers one request after another.

invariant(parentPort !== null, 'entry.ts runs in a worker only')
const port = parentPort

try {
  const own = await loadReducers((workerData as WorkerInit).reducerModules)
  const find = (id: string): AnyReducer | null => own.get(id) ?? findReducer(id)
  port.on('message', ({ token, call }: WorkerRequest<ReducerCall>) => {
    post({ kind: 'answer', token, result: runReducer(call, { find }) })
  })
  post({ kind: 'ready' })
} catch (error) {
  post({ kind: 'unusable', reason: error instanceof Error ? error.message : String(error) })
}

function post(message: WorkerMessage<ReducerResult>): void {
  port.postMessage(message)
}

async function loadReducers(modules: readonly string[]): Promise<ReadonlyMap<string, AnyReducer>> {
  const reducers = new Map<string, AnyReducer>()
  for (const url of modules) {
    const { default: reducer } = (await import(url)) as { default?: unknown }
    if (!isReducer(reducer)) throw new Error(`${url} does not default-export a reducer`)
    if (reducers.has(reducer.id) || findReducer(reducer.id) !== null)
      throw new Error(`${url}: ${reducer.id} is taken`)
    reducers.set(reducer.id, reducer)
  }
  return reducers
}

function isReducer(value: unknown): value is AnyReducer {
  if (typeof value !== 'object' || value === null) return false
  const { id, validate, aggregateStatus, state, params } = value as Partial<Record<keyof AnyReducer, unknown>>
  return (
    typeof id === 'string' &&
    typeof validate === 'function' &&
    typeof aggregateStatus === 'function' &&
    typeof state === 'object' &&
    typeof params === 'object'
  )
}
