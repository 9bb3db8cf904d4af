import { setTimeout as sleep } from 'node:timers/promises'
import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { RpcUrl } from './rpc-url.ts'

/** Why there is no answer. Each becomes E_RPC_DOWN: all of them are what an endpoint does while it is in trouble. */
type Reason =
  | 'unreachable'
  | 'timeout'
  | 'too-large'
  | 'not-json'
  | 'not-rpc'
  | 'closed'
  /** HTTP status other than 200; a redirect too, which could carry the request anywhere. */
  | `http-${number}`

export interface HttpLimits {
  /** From the first byte sent to the last byte received: a slow drip does not count as an answer. */
  readonly timeoutMs: number
  readonly bytesMax: number
  /** Attempts per request; only an endpoint that is unreachable or overloaded is asked again. */
  readonly attempts: number
  /** Before the second attempt; doubles, ± half of it by chance. */
  readonly backoffMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  timeoutMs: 20_000,
  bytesMax: 16 * 1_048_576,
  attempts: 4,
  backoffMs: 200,
}

class Failure extends Error {
  readonly reason: Reason

  constructor(reason: Reason, cause?: unknown) {
    super(reason, { cause })
    this.reason = reason
  }
}

/** JSON-RPC over HTTP, one request at a time per call, bounded in time, size and attempts. */
export class HttpRpc {
  readonly url: RpcUrl
  readonly #limits: HttpLimits
  readonly #closed = new AbortController()
  #outages = 0

  constructor(url: RpcUrl, limits: HttpLimits) {
    this.url = url
    this.#limits = limits
  }

  /** Requests that failed for good so far. After one, whoever answers again need not be the same chain. */
  get outages(): number {
    return this.#outages
  }

  /** The endpoint's answer, result or error. @throws RsdpError E_RPC_DOWN */
  async request(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const start = performance.now()
    let attempt = 1
    while (true) {
      try {
        return await this.#attempt(payload)
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        if (attempt >= this.#limits.attempts || !isRetried(error.reason)) {
          this.#outages += 1
          throw this.#down(error, attempt, performance.now() - start)
        }
      }
      await sleep(this.#limits.backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
      attempt += 1
    }
  }

  /** Ends what is under way; nothing can be asked any more. */
  close(): void {
    this.#closed.abort()
  }

  async #attempt(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const { target, authorization } = this.url
    const signal = AbortSignal.any([AbortSignal.timeout(this.#limits.timeoutMs), this.#closed.signal])
    let text: string
    try {
      const response = await fetch(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization === null ? {} : { authorization }) },
        body: JSON.stringify(payload),
        redirect: 'manual',
        signal,
      })
      if (response.status !== 200) {
        await response.body?.cancel()
        throw new Failure(`http-${response.status}`)
      }
      text = await this.#body(response)
    } catch (error) {
      if (error instanceof Failure) throw error
      if (this.#closed.signal.aborted) throw new Failure('closed')
      throw new Failure(signal.aborted ? 'timeout' : 'unreachable', error)
    }
    return answerTo(payload, text)
  }

  async #body(response: Response): Promise<string> {
    const chunks: Uint8Array[] = []
    let bytes = 0
    const body: AsyncIterable<Uint8Array> | null = response.body
    for await (const chunk of body ?? []) {
      bytes += chunk.byteLength
      if (bytes > this.#limits.bytesMax) throw new Failure('too-large')
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString('utf8')
  }

  #down({ reason, cause }: Failure, attempts: number, elapsedMs: number): RsdpError {
    const { timeoutMs, bytesMax } = this.#limits
    const times = attempts === 1 ? '' : `, ${attempts} times in ${(elapsedMs / 1_000).toFixed(1)} s`
    const [what, hint] = ((): [string, string] => {
      switch (reason) {
        case 'unreachable':
          return [`cannot be reached${systemCode(cause)}${times}`, 'is the chain running?']
        case 'timeout':
          return [`did not answer within ${timeoutMs / 1_000} s`, 'is the chain overloaded?']
        case 'too-large':
          return [`answered with more than ${bytesMax} bytes`, 'ask another RPC endpoint']
        case 'not-json':
        case 'not-rpc':
          return ['answers, but not with JSON-RPC', 'check the RPC URL; a proxy may be answering instead']
        case 'closed':
          return ['is not asked any more: the connection was closed', 'connect again']
        case 'http-429':
          return [`has had too many requests (HTTP 429)${times}`, 'ask less often, or another RPC endpoint']
        default:
          return [`answered HTTP ${reason.slice(5)}${times}`, 'check the RPC URL, or wait']
      }
    })()
    return new RsdpError({
      code: 'E_RPC_DOWN',
      message: `${this.url.shown} ${what}`,
      hint,
      exit: EXIT.unreachable,
      details: { url: this.url.shown, reason, attempts },
      cause,
    })
  }
}

/** fetch hides the reason, such as ECONNREFUSED, one level down. */
function systemCode(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}

function isRetried(reason: Reason): boolean {
  return reason === 'unreachable' || reason === 'http-429' || reason.startsWith('http-5')
}

/** Checks that the text is an answer to this request and not just JSON. */
function answerTo(payload: JsonRpcPayload, text: string): JsonRpcResult | JsonRpcError {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Failure('not-json', error)
  }
  if (typeof value !== 'object' || value === null || !('id' in value) || value.id !== payload.id)
    throw new Failure('not-rpc')
  const { id } = payload
  if ('error' in value && typeof value.error === 'object' && value.error !== null)
    return { id, error: value.error as JsonRpcError['error'] }
  // some nodes add `error: null`
  if ('result' in value) return { id, result: value.result }
  throw new Failure('not-rpc')
}
