/** In a worker of a browser: takes the module of quickjs-wasi, answers what the hostile reducers come to. */
import { createEngine } from '../../src/sandbox/sandbox.ts'
import { allOutcomes } from './hostile-bundles.ts'

interface WorkerScope {
  onmessage: (event: { readonly data: Uint8Array }) => void
  postMessage(message: unknown): void
}

const scope = globalThis as unknown as WorkerScope
scope.onmessage = ({ data }) => {
  scope.postMessage(allOutcomes(createEngine(data)))
}
