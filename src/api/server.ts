import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { stream } from './event-stream.ts'
import type { Follow } from './event-stream.ts'
import { askedOf, bodyOf, send, sendError } from './http.ts'
import type { Asked } from './http.ts'
import { closeAll, isLocalHost, limitRequests, listen } from './loopback.ts'
import { match } from './match.ts'
import type { MetricsText } from './metrics-server.ts'
import { Refused } from './refused.ts'
import type { AnswerOf, Operation } from './routes.ts'

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
    // a node that is just stopping; asking it must not bring the process down
    void respond(request, response, { token: expected, handlers, metrics }).catch((error: unknown) =>
      sendError(response, error),
    )
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
  const asked = askedOf(matched, route.body === undefined ? null : await bodyOf(request))
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
