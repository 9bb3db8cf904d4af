import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { z } from 'zod'
import { stream } from './event-stream.ts'
import type { Follow } from './event-stream.ts'
import { closeAll, isLocalHost, limitRequests, listen } from './loopback.ts'
import type { Matched, PathParams } from './match.ts'
import { match } from './match.ts'
import type { MetricsText } from './metrics-server.ts'
import { Refused } from './refused.ts'
import type { AnswerOf, Operation } from './routes.ts'

export interface Asked extends PathParams {
  readonly query: unknown
  readonly body: unknown
}

/** Operations whose answer is a stream. */
type Streams = 'events' | 'lineEvents' | 'storeChanges'

/** What each operation does; a stream says how to follow. A `Refused` is answered as it is. */
export type Handlers = {
  readonly [K in Exclude<Operation, Streams>]: (asked: Asked) => AnswerOf<K> | Promise<AnswerOf<K>>
} & { readonly [K in Streams]: (asked: Asked) => Follow }

export interface ApiServer {
  readonly port: number
  /** Ends streams, too. May be called twice. */
  close(): Promise<void>
}

/** A value of 32 KiB in hex, and its frame. */
const BODY_BYTES_MAX = 72_000

/**
 * The one HTTP server of a node, on the loopback interface only. What changes something needs the token; a web page cannot
 * send it, and cannot read an answer either.
 *
 * @param token secret of this run
 * @param metrics served at `GET /metrics`, in a format of its own
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startApi(
  port: number,
  token: string,
  handlers: Handlers,
  metrics: MetricsText | null = null,
): Promise<ApiServer> {
  const expected = Buffer.from(`Bearer ${token}`)
  const server = createServer((request, response) => {
    void respond(request, response, { token: expected, handlers, metrics }).catch((error: unknown) => {
      // a node that is just stopping; asking it must not bring the process down
      const refused = error instanceof Refused ? error : new Refused(500, 'failed')
      // what it sent was not read to its end
      response.shouldKeepAlive = false
      if (response.headersSent) response.destroy()
      else send(response, refused.status, refused.body)
    })
  })
  limitRequests(server)
  const taken = await listen(server, port)
  return {
    port: taken,
    close: () => closeAll(server),
  }
}

interface Served {
  readonly token: Buffer
  readonly handlers: Handlers
  readonly metrics: MetricsText | null
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { token, handlers, metrics }: Served,
): Promise<void> {
  if (!isLocalHost(request.headers.host)) throw new Refused(403, 'host')
  if (metrics !== null && request.method === 'GET' && request.url === '/metrics') {
    response.writeHead(200, { 'content-type': metrics.contentType, 'cache-control': 'no-store' })
    response.end(metrics.text())
    return
  }
  const matched = match(request.method ?? '', request.url ?? '')
  const { operation, route } = matched
  if (route.needsToken === true) requireToken(request, token)
  const asked = await read(request, matched)
  if (operation === 'events' || operation === 'lineEvents' || operation === 'storeChanges') {
    stream(request, response, handlers[operation](asked))
    return
  }
  const answer = await handlers[operation](asked)
  send(response, operation === 'ready' && !(answer as AnswerOf<'ready'>).ready ? 503 : 200, answer)
}

function requireToken({ headers }: IncomingMessage, expected: Buffer): void {
  const given = Buffer.from(headers.authorization ?? '')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new Refused(401, 'token')
}

async function read(request: IncomingMessage, { route, params, query }: Matched): Promise<Asked> {
  return {
    ...params,
    query: route.query === undefined ? {} : parse(route.query, query, 'query'),
    body: route.body === undefined ? {} : parse(route.body, await readJson(request), 'body'),
  }
}

function parse(type: z.ZodType, value: unknown, what: string): unknown {
  const parsed = type.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Refused(400, what, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** Undefined if it is no JSON, too long, or does not come to its end. */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > BODY_BYTES_MAX) return undefined
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}
