import type { BundleRunner } from '../../ports/bundles.ts'
import type { Clock } from '../../ports/clock.ts'
import type { RunnerResult } from '../../ports/reducer-runner.ts'
import type { ReducerCall } from '../../reducers/reducer.ts'
import type { Digest, Hex } from '../../types/ids.ts'
import { startSandboxThread } from './thread.ts'
import type { Thread } from './thread.ts'
import { TimedThread } from './timed-thread.ts'
import type { SandboxAnswer, SandboxRequest } from './worker-protocol.ts'

export interface SandboxRunnerInit {
  readonly clock: Clock
  /**
   * τ, ms. Far above what any budget takes, so that a call that loses the mutex says something about this machine and
   * never about the bundle.
   */
  readonly timeoutMs: number
  /** Bytes of the bundles that it can be asked for from the start. */
  readonly bundles: readonly Uint8Array[]
  readonly startThread?: () => Thread<SandboxRequest, SandboxAnswer>
}

/** Runs bundles in a thread of their own: whatever they cost, reducers of this package do not wait for them. */
export class SandboxRunner implements BundleRunner {
  readonly #thread: TimedThread<SandboxRequest, SandboxAnswer>
  /** What each thread is started with. */
  readonly #bundles: Uint8Array[]

  constructor({ clock, timeoutMs, bundles, startThread }: SandboxRunnerInit) {
    this.#bundles = [...bundles]
    const start = startThread ?? (() => startSandboxThread({ bundles: this.#bundles }))
    this.#thread = new TimedThread({ clock, timeoutMs, start })
  }

  /** Evaluates the bundles ahead of the first call. Rejects with RsdpError E_REDUCER_WORKER if one cannot be used. */
  start(): Promise<void> {
    return this.#thread.start()
  }

  async run(call: ReducerCall): Promise<RunnerResult> {
    const answer = await this.#thread.run({ kind: 'reduce', call })
    if ('ok' in answer) return answer
    if (answer.kind === 'reduced') return answer.result
    return { ok: false, code: answer.kind === 'unable' ? answer.code : 'crashed' }
  }

  judge(bundle: Digest, params: Hex, input: Uint8Array): Promise<boolean | null> {
    return this.#ask({ kind: 'judge', bundle, params, input })
  }

  acceptsParams(bundle: Digest, params: Hex): Promise<boolean | null> {
    return this.#ask({ kind: 'params', bundle, params })
  }

  /**
   * Evaluates one more bundle, which it can be asked for from then on.
   *
   * @returns what it says of itself; the fault if it is no reducer; null: this machine cannot say now
   */
  async add(
    bytes: Uint8Array,
  ): Promise<{ readonly name: string; readonly usesPrevious: boolean } | { readonly broken: string } | null> {
    const answer = await this.#thread.run({ kind: 'open', bytes })
    if (!('kind' in answer)) return null
    if (answer.kind === 'broken') return { broken: answer.code }
    if (answer.kind !== 'opened') return null
    this.#bundles.push(bytes)
    const { name, usesPrevious } = answer
    return { name, usesPrevious }
  }

  stop(): Promise<void> {
    return this.#thread.stop()
  }

  async #ask(request: SandboxRequest): Promise<boolean | null> {
    const answer = await this.#thread.run(request)
    return 'kind' in answer && answer.kind === 'said' ? answer.yes : null
  }
}
