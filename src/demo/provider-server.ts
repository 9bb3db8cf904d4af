import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { keccak, utf8Hex } from '../codec/hex.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Meter } from './meter.ts'
import { PAGE_MAX, wire } from './provider-wire.ts'
import type { LogEntry } from './provider-wire.ts'

export interface ProviderServerInit {
  readonly meter: Meter
  /** 0 picks a free one. */
  readonly port: number
  /** Who may change the budget; null: nobody. */
  readonly token: string | null
}

export interface ProviderServer {
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: object
  readonly headers?: Readonly<Record<string, string>>
}

const HOST = '127.0.0.1'
/** Names under which a browser on this machine may ask: anything else is DNS rebinding. */
const HOSTS = new Set([HOST, 'localhost'])
const BODY_BYTES_MAX = 1_024
const CONNECTIONS_MAX = 256
const REQUEST_MS_MAX = 2_000
/** How often a request that takes longer is looked for. */
const CHECK_MS = 500
const IDLE_MS_MAX = 60_000
const SESSIONS_MAX = 64
const LOG_ENTRIES_MAX = 100_000

/**
 * A provider with a token budget, over HTTP on the loopback interface only.
 *
 *   POST /requests {id, tokens, window?}  200 served · 429 the window's budget is used up, Retry-After says for how long ·
 *                                         412 `window` is not the running one · 422 more than a whole budget
 *   POST /sessions {name, next}           where a name's own numbers of windows begin: whoever is the first to use the
 *                                         name gives the next window the number `next`, later ones hear the same
 *   GET  /usage?from=1                    windows: budget, served, rejected, unused, overBudget
 *   GET  /log?after=0                     served requests: seq, id, tokens and when
 *   POST /budget {budget}                 from the next window on; `Authorization: Bearer <token>`
 *
 * Bad input is 400, a long body 413, an unknown path 404, another method 405.
 *
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startProvider({ meter, port, token }: ProviderServerInit): Promise<ProviderServer> {
  const provider = new Provider(meter, token)
  const server = createServer({ connectionsCheckingInterval: CHECK_MS }, (request, response) => {
    provider
      .answer(request)
      .catch((): Answer => ({ status: 400, body: { error: 'aborted' } }))
      .then(({ status, body, headers }) => {
        // a body that was not read to its end must not be taken for the next request
        const rest = request.complete ? {} : { connection: 'close' }
        const text = `${JSON.stringify(body)}\n`
        response.writeHead(status, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          'cache-control': 'no-store',
          ...rest,
          ...headers,
        })
        response.end(text)
      })
      .catch(() => request.destroy())
  })
  server.maxHeadersCount = 32
  server.maxConnections = CONNECTIONS_MAX
  server.requestTimeout = REQUEST_MS_MAX
  server.headersTimeout = REQUEST_MS_MAX
  server.keepAliveTimeout = IDLE_MS_MAX
  const taken = await listen(server, port)
  return {
    url: `http://${HOST}:${String(taken)}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

class Provider {
  readonly #meter: Meter
  readonly #token: string | null
  readonly #sessions = new Map<string, number>()
  readonly #log: LogEntry[] = []
  #served = 0

  constructor(meter: Meter, token: string | null) {
    this.#meter = meter
    this.#token = token
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    if (!HOSTS.has(host)) return refuse(403, 'host')
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://provider')
    const number = (name: string, otherwise: number): number => {
      const text = searchParams.get(name)
      return text === null ? otherwise : /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
    }
    switch (pathname) {
      case '/usage':
        return request.method === 'GET' ? this.#usage(number('from', 1)) : refuse(405, 'method')
      case '/log':
        return request.method === 'GET' ? this.#entries(number('after', 0)) : refuse(405, 'method')
      case '/requests':
      case '/sessions':
      case '/budget':
        return request.method === 'POST' ? this.#post(pathname, request) : refuse(405, 'method')
      default:
        return refuse(404, 'path')
    }
  }

  async #post(path: '/requests' | '/sessions' | '/budget', request: IncomingMessage): Promise<Answer> {
    // a page in a browser cannot send this type to another origin without being allowed to
    if (request.headers['content-type'] !== 'application/json') return refuse(400, 'content-type')
    if (path === '/budget' && !this.#mayChange(request.headers.authorization)) return refuse(401, 'token')
    const text = await readBody(request)
    if (text === null) return refuse(413, 'body')
    const body = parse(text)
    switch (path) {
      case '/requests':
        return this.#request(body)
      case '/sessions':
        return this.#session(body)
      case '/budget':
        return this.#budget(body)
    }
  }

  #request(body: unknown): Answer {
    const { success, data } = wire.request.safeParse(body)
    if (!success) return refuse(400, 'request')
    const { id, tokens, window: meantFor } = data
    const now = this.#meter.now()
    const verdict = this.#meter.take(tokens, meantFor ?? null)
    switch (verdict.kind) {
      case 'served':
        this.#served += 1
        this.#log.push({ seq: this.#served, id, tokens, ...now })
        if (this.#log.length > LOG_ENTRIES_MAX) this.#log.splice(0, LOG_ENTRIES_MAX / 10)
        return { status: 200, body: now }
      case 'rejected': {
        const seconds = String(Math.max(1, Math.ceil(verdict.retryAfterMs / 1000)))
        return { status: 429, body: { error: 'budget', ...now }, headers: { 'retry-after': seconds } }
      }
      case 'stale':
        return { status: 412, body: { error: 'window', ...now } }
      case 'impossible':
        return { status: 422, body: { error: 'tokens', ...now } }
    }
  }

  #session(body: unknown): Answer {
    const { success, data } = wire.session.safeParse(body)
    if (!success) return refuse(400, 'session')
    const now = this.#meter.now()
    const firstWindow = this.#sessions.get(data.name) ?? now.window + 2 - data.next
    const isFull = this.#sessions.size === SESSIONS_MAX
    if (isFull && !this.#sessions.has(data.name)) return refuse(503, 'sessions')
    this.#sessions.set(data.name, firstWindow)
    return { status: 200, body: { ...now, windowMs: this.#meter.windowMs, firstWindow } }
  }

  #budget(body: unknown): Answer {
    const { success, data } = wire.budget.safeParse(body)
    if (!success) return refuse(400, 'budget')
    return { status: 200, body: { budget: data.budget, fromWindow: this.#meter.setBudget(data.budget) } }
  }

  #usage(from: number): Answer {
    if (!(from >= 1)) return refuse(400, 'from')
    return {
      status: 200,
      body: { ...this.#meter.now(), windows: this.#meter.usage(from, from + PAGE_MAX - 1) },
    }
  }

  #entries(after: number): Answer {
    if (!(after >= 0)) return refuse(400, 'after')
    const oldest = this.#served - this.#log.length
    const start = Math.max(0, after - oldest)
    return { status: 200, body: { entries: this.#log.slice(start, start + PAGE_MAX) } }
  }

  /** Compared by hash: equal lengths, and no time that tells how much was right. */
  #mayChange(authorization: string | undefined): boolean {
    if (this.#token === null || authorization === undefined) return false
    const digest = (text: string): Buffer => Buffer.from(keccak(utf8Hex(text)))
    return timingSafeEqual(digest(authorization), digest(`Bearer ${this.#token}`))
  }
}

function refuse(status: number, error: string): Answer {
  return { status, body: { error } }
}

/** The body as text, or null if it is too long. Rejects when the sender goes away. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new RsdpError({
          code: 'E_ADDR_IN_USE',
          message: `the provider cannot listen on ${HOST}:${String(port)} (${cause.code ?? 'error'})`,
          hint: 'stop what uses the port, or choose another with --port (0 picks a free one)',
          exit: EXIT.busy,
          cause,
        }),
      )
    })
    server.listen(port, HOST, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}
