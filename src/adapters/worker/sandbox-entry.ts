import { parentPort, workerData } from 'node:worker_threads'
import { Bundle, isHostFault } from '../../sandbox/bundle.ts'
import { Fault } from '../../sandbox/guest.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest } from '../../types/ids.ts'
import type {
  SandboxAnswer,
  SandboxInit,
  SandboxRequest,
  WorkerMessage,
  WorkerRequest,
} from './worker-protocol.ts'

// A thread of the sandbox: evaluates its bundles, then answers one request after another.

invariant(parentPort !== null, 'sandbox-entry.ts runs in a worker only')
const port = parentPort

const { engine, bundles: given } = workerData as SandboxInit

try {
  const bundles = new Map<Digest, Bundle>()
  for (const bytes of given) {
    const opened = Bundle.open(engine, bytes)
    if (!opened.ok) throw new Error(`a bundle comes to ${opened.code}: ${opened.detail}`)
    bundles.set(opened.bundle.id, opened.bundle)
  }
  port.on('message', ({ token, call }: WorkerRequest<SandboxRequest>) => {
    post({ kind: 'answer', token, result: answer(bundles, call) })
  })
  post({ kind: 'ready' })
} catch (error) {
  post({ kind: 'unusable', reason: error instanceof Error ? error.message : String(error) })
}

function open(bundles: Map<Digest, Bundle>, bytes: Uint8Array): SandboxAnswer {
  const opened = Bundle.open(engine, bytes)
  if (opened.ok) {
    const { id, name, usesPrevious } = opened.bundle
    bundles.set(id, opened.bundle)
    return { kind: 'opened', name, usesPrevious }
  }
  const { code } = opened
  return isHostFault(code) ? { kind: 'unable', code } : { kind: 'broken', code }
}

function answer(bundles: Map<Digest, Bundle>, request: SandboxRequest): SandboxAnswer {
  if (request.kind === 'open') return open(bundles, request.bytes)
  const bundle = bundles.get(request.kind === 'reduce' ? (request.call.reducer as Digest) : request.bundle)
  invariant(bundle !== undefined, 'the thread was started with every bundle that it is asked for')
  try {
    switch (request.kind) {
      case 'reduce':
        return { kind: 'reduced', result: bundle.reduce(request.call) }
      case 'judge':
        return { kind: 'said', yes: bundle.judge(request.params, request.input).accepts }
      case 'params':
        return { kind: 'said', yes: bundle.acceptsParams(request.params) }
    }
  } catch (error) {
    if (error instanceof Fault && isHostFault(error.code)) return { kind: 'unable', code: error.code }
    throw error
  }
}

function post(message: WorkerMessage<SandboxAnswer>): void {
  port.postMessage(message)
}
