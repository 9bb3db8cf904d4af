import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest, Hex } from '../../types/ids.ts'
import type { Rpc } from './http-rpc.ts'
import { forkError, logsError } from './endpoints/faults.ts'
import { agreedHead } from './endpoints/judge.ts'
import type { KeepsLogs } from './log-memory.ts'
import { LogMemory } from './log-memory.ts'
import { LogPages } from './log-pages.ts'
import { refusalError } from './trouble.ts'

/** One JSON-RPC call: the result as it came. Throws RsdpError E_RPC_DOWN and those of `refusalError`. */
export type RpcRequest = (method: string, params: readonly unknown[]) => Promise<unknown>

/** A log as the endpoint sent it. */
export interface RawLog {
  readonly address: Address
  readonly topics: readonly Digest[]
  readonly data: Hex
  readonly block: bigint
  readonly logIndex: bigint
  readonly transactionHash: Digest
}

export interface LogQuery {
  readonly address: Address
  /** Per place the accepted topics; null = any. */
  readonly topics: readonly (readonly Digest[] | null)[]
}

/** Calls over an endpoint, one per request. */
export function requestOver(rpc: Rpc): RpcRequest {
  let id = 0
  return async (method, params) => {
    id += 1
    const answer = await rpc.request({ id, jsonrpc: '2.0', method, params: [...params] })
    if ('result' in answer) return answer.result as unknown
    const { code, message = '' } = answer.error
    const data = answer.error.data as unknown
    throw refusalError(rpc.shown, { method, status: 200, code, message, data })
  }
}

/** Blocks of a page of logs at most, where the endpoint gives so many. */
const PAGE_MAX = 16_000

/** One endpoint among several, for the logs. */
interface LogSource {
  readonly name: string
  readonly request: RpcRequest
  readonly pages: LogPages
}

/**
 * What an auditor asks an endpoint, each answer checked for its shape; what it says is for others to judge. Of several
 * endpoints, all that answer have to give the same logs.
 */
export class HistoryRpc {
  readonly #request: RpcRequest
  readonly #sources: readonly LogSource[]
  readonly #cache: KeepsLogs
  readonly #reorgDepth: number

  /** @param others endpoints by name, if there are several; `request` asks one that answers */
  constructor(
    request: RpcRequest,
    cache: KeepsLogs = new LogMemory(),
    reorgDepth = 0,
    others: ReadonlyMap<string, RpcRequest> = new Map(),
  ) {
    this.#request = request
    const sources = others.size === 0 ? new Map([['', request]]) : others
    this.#sources = [...sources].map(([name, ask]) => ({ name, request: ask, pages: new LogPages(PAGE_MAX) }))
    this.#cache = cache
    this.#reorgDepth = reorgDepth
  }

  async chainId(): Promise<bigint> {
    return quantity('eth_chainId', await this.#request('eth_chainId', []))
  }

  /** Of several endpoints, the block up to which they are compared. @throws RsdpError E_RPC_FORK */
  async head(): Promise<bigint> {
    const method = 'eth_blockNumber'
    if (this.#sources.length === 1) return quantity(method, await this.#request(method, []))
    const heads = await this.#ofAll(async ({ request }) =>
      Number(quantity(method, await request(method, []))),
    )
    const head = agreedHead([...heads.values()], this.#reorgDepth)
    const common = Math.max(0, Math.min(head, ...heads.values()) - this.#reorgDepth)
    const hashes = await this.#ofAll(async ({ request }) => {
      const block = await request('eth_getBlockByNumber', [tag(BigInt(common)), false])
      return digest('eth_getBlockByNumber', record('eth_getBlockByNumber', block)['hash'])
    })
    if (new Set(hashes.values()).size > 1) throw forkError(common, hashes)
    return BigInt(head)
  }

  async code(address: Address, block: bigint): Promise<Hex> {
    return bytes('eth_getCode', await this.#request('eth_getCode', [address, tag(block)]))
  }

  async call(to: Address, data: Hex, block: bigint): Promise<Hex> {
    return bytes('eth_call', await this.#request('eth_call', [{ to, data }, tag(block)]))
  }

  /** A block as it came; null if the endpoint does not serve it. */
  async block(block: bigint): Promise<Readonly<Record<string, unknown>> | null> {
    const answer = await this.#request('eth_getBlockByNumber', [tag(block), false])
    return answer === null ? null : record('eth_getBlockByNumber', answer)
  }

  /** A transaction as it came; null if the endpoint does not serve it. */
  async transaction(hash: Digest): Promise<Readonly<Record<string, unknown>> | null> {
    const answer = await this.#request('eth_getTransactionByHash', [hash])
    return answer === null ? null : record('eth_getTransactionByHash', answer)
  }

  /**
   * All logs of a range, in chain order, page by page. Pages that are too deep for a re-org are read once.
   *
   * @throws RsdpError E_RPC_LOGS if endpoints differ
   */
  async logs(query: LogQuery, from: bigint, to: bigint): Promise<RawLog[]> {
    const answers = await this.#ofAll((source) => this.#logsOf(source, query, from, to))
    const [[, first] = ['', []], ...others] = answers
    for (const [, logs] of others) {
      const given = new Set(logs.map(textOf))
      const known = new Set(first.map(textOf))
      const odd = first.find((log) => !given.has(textOf(log))) ?? logs.find((log) => !known.has(textOf(log)))
      if (odd !== undefined) throw logsError(Number(odd.block), [...answers.keys()], 'differ')
    }
    return first
  }

  /** What the endpoints answer. Of several, those that give no answer are left out. */
  async #ofAll<T>(ask: (source: LogSource) => Promise<T>): Promise<Map<string, T>> {
    const answers = new Map<string, T>()
    let failure: unknown = null
    for (const source of this.#sources) {
      try {
        answers.set(source.name, await ask(source))
      } catch (error) {
        if (this.#sources.length === 1 || !(error instanceof RsdpError)) throw error
        failure ??= error
      }
    }
    if (answers.size === 0) throw failure
    return answers
  }

  async #logsOf(source: LogSource, query: LogQuery, from: bigint, to: bigint): Promise<RawLog[]> {
    const key = JSON.stringify([query, String(from), ...(source.name === '' ? [] : [source.name])])
    const cached = this.#cache.get(key)
    const found = new Map((cached?.logs ?? []).map((log) => [placeOf(log), log]))
    let first = cached === null ? Number(from) : cached.upTo + 1
    while (first <= Number(to)) {
      const page = await source.pages.read(first, Number(to), (last) =>
        this.#page(source, query, BigInt(first), BigInt(last)),
      )
      for (const log of page.answer) found.set(placeOf(log), log)
      first = page.last + 1
      const upTo = Math.min(page.last, Number(to) - this.#reorgDepth)
      if (upTo >= Number(from))
        this.#cache.set(key, { upTo, logs: [...found.values()].filter(({ block }) => Number(block) <= upTo) })
    }
    return [...found.values()]
      .filter(({ block }) => block <= to)
      .sort((a, b) => Number(a.block - b.block) || Number(a.logIndex - b.logIndex))
  }

  async #page(
    { request }: LogSource,
    { address, topics }: LogQuery,
    from: bigint,
    to: bigint,
  ): Promise<RawLog[]> {
    const method = 'eth_getLogs'
    const filter = { address, topics, fromBlock: tag(from), toBlock: tag(to) }
    const answer = await request(method, [filter])
    if (!Array.isArray(answer)) throw badAnswer(method, 'no list of logs')
    return answer
      .map((item: unknown) => record(method, item))
      .filter((log) => log['removed'] !== true)
      .map((log) => {
        if (!Array.isArray(log['topics'])) throw badAnswer(method, 'a log without topics')
        return {
          address: bytes(method, log['address']),
          topics: log['topics'].map((topic: unknown) => digest(method, topic)),
          data: bytes(method, log['data']),
          block: quantity(method, log['blockNumber']),
          logIndex: quantity(method, log['logIndex']),
          transactionHash: digest(method, log['transactionHash']),
        }
      })
  }
}

const textOf = (log: RawLog): string =>
  JSON.stringify(log, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
const placeOf = ({ block, logIndex }: RawLog): string => `${block}/${logIndex}`

export function badAnswer(method: string, what: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_RPC_DOWN',
    message: `no usable answer to ${method}: ${what}`,
    hint: 'wait, or ask another RPC endpoint',
    exit: EXIT.unreachable,
    details: { method, reason: 'bad-answer' },
    cause,
  })
}

export function quantity(method: string, value: unknown): bigint {
  if (typeof value === 'string' && /^0x[0-9a-f]{1,64}$/i.test(value)) return BigInt(value)
  throw badAnswer(method, 'a number that is none')
}

export function bytes(method: string, value: unknown): Hex {
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value)) return value.toLowerCase() as Hex
  throw badAnswer(method, 'bytes that are none')
}

function digest(method: string, value: unknown): Digest {
  const found = bytes(method, value)
  if (found.length === 66) return found
  throw badAnswer(method, 'a hash that is none')
}

function record(method: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>
  throw badAnswer(method, 'no object')
}

function tag(block: bigint): Hex {
  return `0x${block.toString(16)}`
}
