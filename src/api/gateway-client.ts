import { callDigest, headersOf } from '../codec/gateway-call.ts'
import { toHex } from '../codec/hex.ts'
import type { Keyring } from '../ports/keyring.ts'
import { PATIENCE_MS, PRIORITY } from '../types/gateway.ts'
import type { Address, Digest } from '../types/ids.ts'
import { ApiError, errorOf } from './call.ts'
import { pathOf } from './match.ts'
import type { AnswerOf } from './routes.ts'
import { ROUTES } from './routes.ts'
import type { KeyHandlers } from './store-handlers.ts'
import type { WriteConditions } from './store-client.ts'

export interface GatewayPlaces {
  /** Gateways of the service, `http://host:port` each: the next one is asked where one cannot answer. */
  readonly urls: readonly string[]
  /** Of the client: the ledger permits its address something. */
  readonly keyring: Keyring
  readonly task: bigint
  readonly service: number
  /** How long one gateway may try, ms. */
  readonly patienceMs?: number
  /** 0 … 10. */
  readonly priority?: number
}

interface Asking {
  readonly key?: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: unknown
  /** Asked twice it does no harm: another gateway may be asked when nobody knows whether it was done. */
  readonly isIdempotent: boolean
}

interface Known {
  readonly key: Address
  readonly deploymentId: Digest
  /** The gateway's Unix time, less this process's clock, ms. */
  readonly aheadMs: number
}

/** Nothing was done, and another gateway may know better. */
const PASSING = [401, 429, 502, 503]
const ID_BYTES = 16
/** Beyond its patience, for the way there and back. */
const MARGIN_MS = 5_000

/**
 * Keys of one store, through gateways, from anywhere. Each call is signed for the gateway that it goes to. Methods are those of
 * `StoreClient`, and reject with an ApiError or, where no gateway was reached, a TypeError of fetch.
 */
export class GatewayClient {
  readonly #places: GatewayPlaces
  readonly #known = new Map<string, Known>()
  /** The one that answered last comes first. */
  #turn = 0

  constructor(places: GatewayPlaces) {
    this.#places = places
  }

  get(key: string, after?: string): Promise<AnswerOf<'storeGet'>> {
    return this.#ask('storeGet', { key, query: { after }, isIdempotent: true })
  }

  put(key: string, value: string, conditions: WriteConditions = {}): Promise<AnswerOf<'storePut'>> {
    const isIdempotent = conditions.session !== undefined
    return this.#ask('storePut', { key, body: { value, ...conditions }, isIdempotent })
  }

  delete(key: string, conditions: WriteConditions = {}): Promise<AnswerOf<'storeDelete'>> {
    const isIdempotent = conditions.session !== undefined
    return this.#ask('storeDelete', { key, query: { ...conditions }, isIdempotent })
  }

  /** Number of a new session: a write of it, asked again, is applied once. */
  async session(): Promise<number> {
    return (await this.#ask('storeSession', { isIdempotent: true })).session
  }

  async #ask<K extends keyof KeyHandlers>(operation: K, asking: Asking): Promise<AnswerOf<K>> {
    const { urls } = this.#places
    let failed: unknown = new TypeError('no gateway is named')
    for (let tried = 0; tried < urls.length; tried += 1) {
      const at = (this.#turn + tried) % urls.length
      try {
        const answer = await this.#at(urls[at] ?? '', operation, asking)
        this.#turn = at
        return answer
      } catch (error) {
        failed = error
        this.#known.delete(urls[at] ?? '')
        const isPassing = error instanceof ApiError && PASSING.includes(error.status)
        const isUnknown = !(error instanceof ApiError) || error.status === 504
        if (!isPassing && !(isUnknown && (asking.isIdempotent || error instanceof Unreached))) throw error
      }
    }
    throw failed
  }

  async #at<K extends keyof KeyHandlers>(
    url: string,
    operation: K,
    { key, query = {}, body }: Asking,
  ): Promise<AnswerOf<K>> {
    const { keyring, task, service, patienceMs = PATIENCE_MS.usual, priority = PRIORITY.usual } = this.#places
    const { key: gateway, deploymentId, aheadMs } = await this.#meet(url)
    const { method, path } = ROUTES[operation]
    const asked = Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
    )
    const search = asked.length === 0 ? '' : `?${asked.join('&')}`
    const target = `${pathOf(path, { task, service, ...(key === undefined ? {} : { key }) })}${search}`
    const text = body === undefined ? '' : JSON.stringify(body)
    const call = {
      atMs: Math.round(performance.now() + aheadMs),
      id: toHex(crypto.getRandomValues(new Uint8Array(ID_BYTES))),
      ...{ patienceMs, priority },
    }
    const said = { line: `${method} ${target}`, body: toHex(new TextEncoder().encode(text)) }
    const signature = keyring.sign(callDigest({ ...call, ...said, deploymentId, gateway }))
    const response = await fetch(`${url}${target}`, {
      method,
      headers: headersOf({ ...call, signature }),
      signal: AbortSignal.timeout(patienceMs + MARGIN_MS),
      redirect: 'error',
      ...(text === '' ? {} : { body: text }),
    })
    if (!response.ok) throw await errorOf(response)
    return (await response.json()) as AnswerOf<K>
  }

  /** Who is there, and what time it is: calls are signed for one gateway, by its clock. */
  async #meet(url: string): Promise<Known> {
    const known = this.#known.get(url)
    if (known !== undefined) return known
    const signal = AbortSignal.timeout(MARGIN_MS)
    const response = await fetch(`${url}/gateway`, { signal, redirect: 'error' }).catch((cause: unknown) => {
      throw new Unreached('the gateway cannot be reached', { cause })
    })
    if (!response.ok) throw await errorOf(response)
    const { key, deploymentId, nowMs } = (await response.json()) as Omit<Known, 'aheadMs'> & {
      readonly nowMs: number
    }
    const met = { key, deploymentId, aheadMs: nowMs - performance.now() }
    this.#known.set(url, met)
    return met
  }
}

/** Nothing was sent. */
class Unreached extends TypeError {}
