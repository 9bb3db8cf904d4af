import type { BundleRunner, KnownBundle } from '../../ports/bundles.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RunnerFailure, RunnerResult } from '../../ports/reducer-runner.ts'
import type { ReducerCall } from '../../reducers/reducer.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { invariant } from '../../types/errors.ts'
import { loadEngine } from '../sandbox/load-engine.ts'
import { startSandboxThread } from './thread.ts'
import type { Thread } from './thread.ts'
import { TimedThread } from './timed-thread.ts'
import type { SandboxAnswer, SandboxInit, SandboxRequest } from './worker-protocol.ts'

export interface SandboxRunnerInit {
  readonly clock: Clock
  /**
   * τ, ms. Far above what any budget takes, so that a call that loses the mutex says something about this machine and
   * never about the bundle.
   */
  readonly timeoutMs: number
  /** Those that it can be asked for from the start. */
  readonly bundles: readonly Pick<KnownBundle, 'id' | 'bytes'>[]
  readonly startThread?: (init: SandboxInit) => Thread<SandboxRequest, SandboxAnswer>
}

type SandboxThread = TimedThread<SandboxRequest, SandboxAnswer>

/** Runs each bundle in a thread of its own: whatever one costs, no other bundle and no reducer of this package waits for it. */
export class SandboxRunner implements BundleRunner {
  readonly #threads: Map<Digest, SandboxThread>
  readonly #init: SandboxRunnerInit

  constructor(init: SandboxRunnerInit) {
    this.#init = init
    this.#threads = new Map(init.bundles.map(({ id, bytes }) => [id, this.#threadOf([bytes])]))
  }

  /** Evaluates the bundles ahead of the first call. Rejects with RsdpError E_REDUCER_WORKER if one cannot be used. */
  async start(): Promise<void> {
    await Promise.all([...this.#threads.values()].map((thread) => thread.start()))
  }

  async run(call: ReducerCall): Promise<RunnerResult> {
    const answer = await this.#ask(call.reducer as Digest, { kind: 'reduce', call })
    if ('ok' in answer) return answer
    if (answer.kind === 'reduced') return answer.result
    return { ok: false, code: answer.kind === 'unable' ? answer.code : 'crashed' }
  }

  judge(bundle: Digest, params: Hex, input: Uint8Array): Promise<boolean | null> {
    return this.#yes(bundle, { kind: 'judge', bundle, params, input })
  }

  acceptsParams(bundle: Digest, params: Hex): Promise<boolean | null> {
    return this.#yes(bundle, { kind: 'params', bundle, params })
  }

  /**
   * Evaluates one more bundle, which it can be asked for from then on.
   *
   * @returns what it says of itself; the fault if it is no reducer; null: this machine cannot say now
   */
  async add(
    id: Digest,
    bytes: Uint8Array,
  ): Promise<{ readonly name: string; readonly usesPrevious: boolean } | { readonly broken: string } | null> {
    const own: Uint8Array[] = []
    const thread = this.#threadOf(own)
    const answer = await thread.run({ kind: 'open', bytes })
    if (!('kind' in answer) || answer.kind !== 'opened') {
      await thread.stop()
      return 'kind' in answer && answer.kind === 'broken' ? { broken: answer.code } : null
    }
    own.push(bytes)
    this.#threads.set(id, thread)
    const { name, usesPrevious } = answer
    return { name, usesPrevious }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#threads.values()].map((thread) => thread.stop()))
  }

  /** @param bundles what each of its threads is started with, the ones after a time-out, too */
  #threadOf(bundles: readonly Uint8Array[]): SandboxThread {
    const { clock, timeoutMs, startThread = startSandboxThread } = this.#init
    const start = (): Thread<SandboxRequest, SandboxAnswer> => startThread({ engine: loadEngine(), bundles })
    return new TimedThread({ clock, timeoutMs, start })
  }

  async #yes(bundle: Digest, request: SandboxRequest): Promise<boolean | null> {
    const answer = await this.#ask(bundle, request)
    return 'kind' in answer && answer.kind === 'said' ? answer.yes : null
  }

  #ask(bundle: Digest, request: SandboxRequest): Promise<SandboxAnswer | RunnerFailure> {
    const thread = this.#threads.get(bundle)
    invariant(thread !== undefined, 'whoever asks for a bundle has given it before')
    return thread.run(request)
  }
}
