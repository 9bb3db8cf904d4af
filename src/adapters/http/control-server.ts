import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'

export interface ControlServer {
  readonly port: number
  close(): Promise<void>
}

/** What can be asked, by path. Whatever is returned is the answer. */
export type ControlHandlers = ReadonlyMap<string, (body: unknown) => unknown>

const HOST = '127.0.0.1'
const BODY_BYTES_MAX = 4_096

/**
 * Orders to a running process, as JSON by POST, on the loopback interface only and only from those who have the token: who
 * can read a file of its owner. A web page cannot send it.
 *
 * @param token secret of this run
 */
export async function startControlServer(token: string, handlers: ControlHandlers): Promise<ControlServer> {
  const expected = Buffer.from(`Bearer ${token}`)
  const server = createServer((request, response) => {
    void (async () => {
      const [code, body] = await answer(request, expected, handlers)
      response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(`${JSON.stringify(body)}\n`)
    })()
  })
  server.maxHeadersCount = 32
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, HOST, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  expected: Buffer,
  handlers: ControlHandlers,
): Promise<readonly [code: number, body: unknown]> {
  const given = Buffer.from(request.headers.authorization ?? '')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return [401, { error: 'token' }]
  if (request.method !== 'POST') return [405, { error: 'method' }]
  const handler = handlers.get(request.url ?? '')
  if (handler === undefined) return [404, { error: 'path' }]
  const body = await readJson(request)
  if (body === undefined) return [400, { error: 'body' }]
  try {
    return [200, handler(body)]
  } catch {
    // a node that is just stopping; what is wrong with it is in its log
    return [500, { error: 'failed' }]
  }
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
