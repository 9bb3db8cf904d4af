import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'

export interface HealthServer {
  readonly port: number
  close(): Promise<void>
}

const HOST = '127.0.0.1'
/** Names under which a browser on this machine may ask: anything else is DNS rebinding. */
const HOSTS = new Set([HOST, 'localhost'])

/**
 * Read-only health over HTTP, on the loopback interface only: `/healthz` (alive), `/readyz` (200 or 503), `/status`
 * (JSON). Anything else is 404, any other method 405; bodies are not read.
 *
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startHealthServer(
  port: number,
  status: () => { readonly ready: boolean },
): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const answer = (code: number, body: unknown): void => {
      const text = `${JSON.stringify(body)}\n`
      response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
      response.end(text)
    }
    const host = (request.headers.host ?? '').replace(/:\d+$/, '')
    if (!HOSTS.has(host)) return answer(403, { error: 'host' })
    if (request.method !== 'GET') return answer(405, { error: 'method' })
    try {
      switch (request.url) {
        case '/healthz':
          return answer(200, { ok: true })
        case '/readyz': {
          const { ready } = status()
          return answer(ready ? 200 : 503, { ready })
        }
        case '/status':
          return answer(200, status())
        default:
          return answer(404, { error: 'path' })
      }
    } catch {
      // a node that is just stopping has no status; asking for it must not bring the process down
      return answer(500, { error: 'status' })
    }
  })
  server.maxHeadersCount = 32
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  const taken = await listen(server, port)
  return {
    port: taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new RsdpError({
          code: 'E_ADDR_IN_USE',
          message: `cannot listen for health on ${HOST}:${port} (${cause.code ?? 'error'})`,
          hint: 'stop what uses the port, or choose another with --health-port (0 picks a free one)',
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
