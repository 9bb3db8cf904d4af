import type { StoreClient } from '../../api/store-client.ts'
import type { Answered } from './requests.ts'
import { Loop, Requests, valueOf } from './requests.ts'

const PAUSE_MS = 400
/** Keys that are looked for at a time. */
const LOOK_MAX = 8

/** Eventual writes and reads of one client at one node: every write has a key of its own. */
export class OpenLoad {
  readonly at: string
  readonly requests: Requests
  readonly acknowledged: (Answered & { readonly key: string })[] = []
  /** Reads that were answered, and those of them that did not show the last write yet. */
  reads = 0
  older = 0
  readonly #loop: Loop

  constructor(at: string, store: StoreClient) {
    this.at = at
    this.requests = new Requests(store)
    this.#loop = new Loop(PAUSE_MS, () => this.#turn())
  }

  /** Keys of the writes that were asked and acknowledged between two moments. @throws what the client failed of */
  keysIn(fromMs: number, toMs: number): string[] {
    this.#loop.check()
    return this.acknowledged
      .filter(({ askedMs, doneMs }) => askedMs >= fromMs && doneMs <= toMs)
      .map(({ key }) => key)
  }

  async stop(): Promise<void> {
    await this.#loop.stop()
    this.#loop.check()
  }

  async #turn(): Promise<void> {
    const number = this.acknowledged.length + 1
    const key = `${this.at.toLowerCase()}/${number}`
    const value = valueOf(this.at, number)
    const written = await this.requests.ask((store) => store.put(key, value), this.#loop.isStopped)
    if (written === null) return
    this.acknowledged.push({ key, askedMs: written.askedMs, doneMs: written.doneMs })
    if (number % 4 !== 0) return
    const read = await this.requests.ask((store) => store.get(key), this.#loop.isStopped)
    if (read === null) return
    this.reads += 1
    if (read.answer.values.length === 0) this.older += 1
  }
}

/** Those of the keys that a store does not have at a node. */
export async function missingFrom(store: StoreClient, keys: readonly string[]): Promise<string[]> {
  const reader = new Requests(store)
  const missing: string[] = []
  for (let first = 0; first < keys.length; first += LOOK_MAX) {
    const looked = keys.slice(first, first + LOOK_MAX).map(async (key) => {
      const read = await reader.ask(
        (one) => one.get(key),
        () => true,
      )
      if ((read?.answer.values.length ?? 0) === 0) missing.push(key)
    })
    await Promise.all(looked)
  }
  return missing
}
