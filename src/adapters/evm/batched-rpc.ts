import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from 'ethers'
import type { HttpRpc, Rpc } from './http-rpc.ts'

/** Requests in one HTTP request at most. */
const BATCH_MAX = 100
/** Requests under way at a time to an endpoint that takes no batches. */
const ALONE_MAX = 8

/** One endpoint that can be asked in batches. */
type Asked = Pick<HttpRpc, 'shown' | 'outages' | 'request' | 'requestAll' | 'close'>

interface Waiting {
  readonly payload: JsonRpcPayload
  readonly settle: (answer: Promise<JsonRpcResult | JsonRpcError>) => void
}

/**
 * An endpoint that is asked in batches: requests that are made at the same time travel in one HTTP request. An endpoint that
 * does not answer a batch as one is asked one by one from then on.
 */
export class BatchedRpc implements Rpc {
  readonly #inner: Asked
  #waiting: Waiting[] = []
  #isAlone = false
  #running = 0
  readonly #idle: (() => void)[] = []

  constructor(inner: Asked) {
    this.#inner = inner
  }

  get shown(): string {
    return this.#inner.shown
  }

  get outages(): number {
    return this.#inner.outages
  }

  request(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    if (this.#isAlone) return this.#alone(payload)
    return new Promise((resolve) => {
      if (this.#waiting.length === 0) setTimeout(() => void this.#flush(), 0)
      this.#waiting.push({ payload, settle: resolve })
    })
  }

  close(): void {
    this.#inner.close()
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    for (let at = 0; at < waiting.length; at += BATCH_MAX) await this.#send(waiting.slice(at, at + BATCH_MAX))
  }

  async #send(batch: readonly Waiting[]): Promise<void> {
    const answers =
      batch.length === 1 || this.#isAlone
        ? null
        : await this.#inner.requestAll(batch.map(({ payload }) => payload))
    if (answers === null && batch.length > 1) this.#isAlone = true
    batch.forEach(({ payload, settle }, i) => {
      const answer = answers?.[i]
      settle(answer === undefined ? this.#alone(payload) : Promise.resolve(answer))
    })
  }

  async #alone(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    while (this.#running >= ALONE_MAX) await new Promise<void>((resolve) => this.#idle.push(resolve))
    this.#running += 1
    try {
      return await this.#inner.request(payload)
    } finally {
      this.#running -= 1
      this.#idle.shift()?.()
    }
  }
}
