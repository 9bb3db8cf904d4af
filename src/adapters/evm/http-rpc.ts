import type { JsonRpcError, JsonRpcPayload, JsonRpcResult } from 'ethers'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { Failure } from './http-post.ts'
import type { HttpAnswer, HttpPost, Reason } from './http-post.ts'
import { Pace } from './pace.ts'
import type { RpcUrl } from './rpc-url.ts'
import { sleep } from './sleep.ts'
import { refusalError, troubleOf, wordsOf } from './trouble.ts'

export interface HttpLimits {
  /** From the first byte sent to the last byte received: a slow drip does not count as an answer. */
  readonly timeoutMs: number
  readonly bytesMax: number
  /** Attempts per request; only an endpoint that is unreachable or overloaded is asked again. */
  readonly attempts: number
  /** Attempts if it says that it is asked too often. */
  readonly limitedAttempts: number
  /** Before the second attempt; doubles, ± half of it by chance. */
  readonly backoffMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  timeoutMs: 20_000,
  bytesMax: 16 * 1_048_576,
  attempts: 4,
  limitedAttempts: 8,
  backoffMs: 200,
}

/** What answers JSON-RPC requests: an endpoint, or several as one. */
export interface Rpc {
  /** For people. */
  readonly shown: string
  /** Requests that failed for good so far. */
  readonly outages: number
  /** The endpoint's answer, result or error. @throws RsdpError E_RPC_DOWN, E_RPC_LIMIT, E_RPC_AUTH */
  request(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError>
  close(): void
}

/** JSON-RPC over HTTP, one request at a time per call, bounded in time, size and attempts. */
export class HttpRpc implements Rpc {
  readonly url: RpcUrl
  readonly #limits: HttpLimits
  readonly #post: HttpPost
  readonly #closed = new AbortController()
  readonly #pace = new Pace()
  #outages = 0

  constructor(url: RpcUrl, limits: HttpLimits, post: HttpPost) {
    this.url = url
    this.#limits = limits
    this.#post = post
  }

  get shown(): string {
    return this.url.shown
  }

  /** Requests that failed for good so far. After one, whoever answers again need not be the same chain. */
  get outages(): number {
    return this.#outages
  }

  /** The endpoint's answer, result or error. @throws RsdpError E_RPC_DOWN, E_RPC_LIMIT, E_RPC_AUTH */
  async request(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const start = performance.now()
    let attempt = 1
    while (true) {
      try {
        await this.#pace.turn()
        const answer = await this.#attempt(payload)
        this.#pace.served()
        return answer
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        const isLimited = error.reason === 'rate' || error.reason === 'http-429'
        if (isLimited) this.#pace.limited()
        const most = isLimited ? this.#limits.limitedAttempts : this.#limits.attempts
        if (attempt >= most || !(isLimited || isRetried(error.reason, payload.method))) {
          this.#outages += 1
          throw this.#down(error, attempt, performance.now() - start, payload.method)
        }
      }
      await sleep(this.#limits.backoffMs * 2 ** (attempt - 1) * (0.5 + Math.random()))
      attempt += 1
    }
  }

  /**
   * Several requests in one HTTP request: the answers in the order of `payloads`; null if anything is not as it should be, one
   * answer too little or one that the endpoint was too busy for. Is tried once, and throws nothing.
   */
  async requestAll(
    payloads: readonly JsonRpcPayload[],
  ): Promise<readonly (JsonRpcResult | JsonRpcError)[] | null> {
    try {
      await this.#pace.turn()
      const numbered = payloads.map((payload, id) => ({ ...payload, id }))
      const [status, text] = await this.#send(JSON.stringify(numbered))
      const all: unknown = status === 200 ? JSON.parse(text) : null
      if (!Array.isArray(all) || all.length !== payloads.length) return null
      const byId = new Map(all.map((one: unknown) => [(one as { id?: unknown } | null)?.id, one]))
      return payloads.map(({ id, method }, at) => {
        const answer = answerTo(
          { ...payloads[at], id: at, method } as JsonRpcPayload,
          JSON.stringify(byId.get(at)),
        )
        return { ...answer, id }
      })
    } catch {
      return null
    }
  }

  /** Ends what is under way; nothing can be asked any more. */
  close(): void {
    this.#closed.abort()
  }

  async #attempt(payload: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
    const [status, text] = await this.#send(JSON.stringify(payload))
    return status === 200 ? answerTo(payload, text) : refused(payload, status, text)
  }

  #send(body: string): Promise<HttpAnswer> {
    const { timeoutMs, bytesMax } = this.#limits
    return this.#post(this.url, body, { timeoutMs, bytesMax, closed: this.#closed.signal })
  }

  #down({ reason, words, cause }: Failure, attempts: number, elapsedMs: number, method: string): RsdpError {
    const { timeoutMs, bytesMax } = this.#limits
    const times = attempts === 1 ? '' : `, ${attempts} times in ${(elapsedMs / 1_000).toFixed(1)} s`
    const status = /^http-(429|401|403)$/.exec(reason)?.[1]
    if (reason === 'rate' || status !== undefined) {
      const message = `${wordsOf(words)}${times}`
      const refusal = { method, status: Number(status ?? 429), code: null, message }
      const { code, message: text, hint, exit, details } = refusalError(this.url.shown, refusal)
      return new RsdpError({ code, message: text, hint, exit, details: { ...details, reason, attempts } })
    }
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
        default:
          return [`answered HTTP ${reason.slice(5)}${times}`, 'check the RPC URL, or wait']
      }
    })()
    const said = wordsOf(words)
    return new RsdpError({
      code: 'E_RPC_DOWN',
      message: `${this.url.shown} ${what}${said === '' ? '' : `: "${said}"`}`,
      hint,
      exit: EXIT.unreachable,
      details: { url: this.url.shown, reason, attempts, said },
      cause,
    })
  }
}

/** fetch hides the reason, such as ECONNREFUSED, one level down. */
function systemCode(error: unknown): string {
  const told = [error, error instanceof Error ? error.cause : undefined]
  const cause = told.find((each) => each instanceof Error && 'code' in each)
  return cause === undefined ? '' : ` (${String(cause.code)})`
}

/** A gateway that gave up on a page of logs would give up again: the page is made smaller instead. */
function isRetried(reason: Reason, method: string): boolean {
  if (reason === 'http-504') return method !== 'eth_getLogs'
  return reason === 'unreachable' || reason.startsWith('http-5')
}

/** An answer with another status than 200: some endpoints put a JSON-RPC error into it. */
function refused(payload: JsonRpcPayload, status: number, text: string): JsonRpcError {
  if (status !== 429) {
    const error = errorIn(text)
    // what a gateway says while it is in trouble passes, whatever it wears
    if (error !== null && status < 500) return checked(payload, error, status)
  }
  throw new Failure(`http-${status}`, errorIn(text)?.message ?? text)
}

/** Checks that the text is an answer to this request and not just JSON. */
function answerTo(payload: JsonRpcPayload, text: string): JsonRpcResult | JsonRpcError {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Failure('not-json', text, error)
  }
  if (typeof value !== 'object' || value === null) throw new Failure('not-rpc')
  const { id } = payload
  const answered = 'id' in value ? value.id : null
  const error = errorIn(text)
  // a gateway that refuses before it reads the request does not know its id
  if (error !== null && (answered === id || answered === null)) return checked(payload, error, 200)
  // some nodes add `error: null`
  if ('result' in value && answered === id) return { id, result: value.result }
  throw new Failure('not-rpc')
}

/** The error of a JSON-RPC answer, if the text is one; its fields are of the right types then. */
function errorIn(text: string): JsonRpcError['error'] | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null || !('error' in value)) return null
  const { error } = value
  if (typeof error === 'string') return { code: 0, message: error }
  if (typeof error !== 'object' || error === null) return null
  const { code, message, data } = error as { code?: unknown; message?: unknown; data?: unknown }
  const words = typeof message === 'string' ? message : ''
  return { code: Number(code ?? 0), message: words, ...(data === undefined ? {} : { data }) }
}

/** An error that is the answer; that the endpoint is asked too often is none. */
function checked({ id, method }: JsonRpcPayload, error: JsonRpcError['error'], status: number): JsonRpcError {
  const { code, message = '' } = error
  const data = error.data as unknown
  const refusal = { method, status, code, message, data }
  if (troubleOf(refusal) === 'rate') throw new Failure('rate', message)
  return { id, error }
}
