import { call, events } from './call.ts'
import type { ApiPlace, Call } from './call.ts'
import type { AnswerOf, Operation } from './routes.ts'

/** What a write depends on: a version or a session of a strong store, a context of a causal or eventual one. */
export interface WriteConditions {
  readonly version?: number
  readonly session?: number
  readonly seq?: number
  readonly context?: string
  readonly after?: string
}

/** One store, at one node. Every method rejects with an ApiError, or a TypeError of fetch. Values are 0x and hex. */
export class StoreClient {
  readonly #place: ApiPlace
  readonly #task: bigint
  readonly #service: number
  readonly #timeoutMs: number

  constructor(place: ApiPlace, task: bigint, service: number, timeoutMs: number) {
    this.#place = place
    this.#task = task
    this.#service = service
    this.#timeoutMs = timeoutMs
  }

  /** @param after a clock that an answer of a causal or eventual store had */
  get(key: string, after?: string): Promise<AnswerOf<'storeGet'>> {
    return this.#ask('storeGet', { key, query: { after } })
  }

  put(key: string, value: string, conditions: WriteConditions = {}): Promise<AnswerOf<'storePut'>> {
    return this.#ask('storePut', { key, body: { value, ...conditions } })
  }

  delete(key: string, conditions: WriteConditions = {}): Promise<AnswerOf<'storeDelete'>> {
    return this.#ask('storeDelete', { key, query: { ...conditions } })
  }

  /** Removes what a copy left on the disk of the node, for good. @param force also if the node does not know its use */
  purge(force: boolean): Promise<AnswerOf<'storePurge'>> {
    return this.#ask('storePurge', { query: { force: String(force) } })
  }

  /** Number of a new session: a write of it, asked again, is applied once. */
  async session(): Promise<number> {
    return (await this.#ask('storeSession', {})).session
  }

  /** Changes behind an index, then each as it comes, until the copy stops or `signal` aborts; null: from now on. */
  changes(
    after: number | null,
    key?: string,
    signal?: AbortSignal,
  ): AsyncGenerator<AnswerOf<'storeChanges'>> {
    const what = { task: this.#task, service: this.#service, query: { key } }
    return events(this.#place, 'storeChanges', after, {
      ...what,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  #ask<K extends Operation>(operation: K, what: Call): Promise<AnswerOf<K>> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    return call(this.#place, operation, { task: this.#task, service: this.#service, ...what, signal })
  }
}
