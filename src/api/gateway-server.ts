import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readHeaders } from '../codec/gateway-call.ts'
import { toHex } from '../codec/hex.ts'
import type { Denial, Gateway } from '../ports/gateway.ts'
import { askedOf, bodyOf, send, sendError } from './http.ts'
import { closeAll, limitRequests, listen } from './loopback.ts'
import { match } from './match.ts'
import { Refused } from './refused.ts'
import type { Operation } from './routes.ts'
import { keyHandlers } from './store-handlers.ts'
import type { KeyHandlers } from './store-handlers.ts'

/** The routes of the local API that a gateway has, and what its ledger has to permit for each. */
const SERVED = {
  storeGet: 'get',
  storePut: 'put',
  storeDelete: 'delete',
  storeSession: 'session',
} as const satisfies Readonly<Record<keyof KeyHandlers, string>>

const STATUSES = {
  crowd: 429,
  clock: 401,
  'no-gateway': 503,
  forbidden: 403,
  rate: 429,
} as const satisfies Readonly<Record<Denial, number>>

/** Connections at a time; more wait at the system's door. */
const CONNECTIONS_MAX = 1_024

export interface GatewayServer {
  readonly port: number
  /** May be called twice. */
  close(): Promise<void>
}

/**
 * Serves keys of stores to clients from anywhere, who sign each call: no token, no session, nothing that a browser sends by
 * itself. `GET /gateway` says for whom to sign. Plain HTTP: what is secret goes through a proxy with TLS.
 *
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startGateway(host: string, port: number, gateway: Gateway): Promise<GatewayServer> {
  const server = createServer((request, response) => {
    void respond(request, response, gateway).catch((error: unknown) => sendError(response, error))
  })
  limitRequests(server)
  server.maxConnections = CONNECTIONS_MAX
  const taken = await listen(server, port, '--serve', host)
  return { port: taken, close: () => closeAll(server) }
}

async function respond(request: IncomingMessage, response: ServerResponse, gateway: Gateway): Promise<void> {
  const { method = '', url = '' } = request
  if (method === 'GET' && url === '/gateway') {
    const { key, deploymentId } = gateway
    send(response, 200, { key, deploymentId, nowMs: gateway.now() })
    return
  }
  const matched = match(method, url)
  const { operation, params } = matched
  if (!isServed(operation)) throw new Refused(404, 'path')
  const headers = readHeaders((name) => textOf(request.headers[name]))
  if (headers === null) throw new Refused(401, 'headers', 'sign the call: rsdp-at, rsdp-id, rsdp-signature')
  const body = await bodyOf(request)
  if (body === null) throw new Refused(413, 'body')
  const { task, service } = params
  const admitted = gateway.admit({
    from: request.socket.remoteAddress ?? '',
    ...{ headers, line: `${method} ${url}`, body: toHex(body), task, service, verb: SERVED[operation] },
  })
  if ('denied' in admitted)
    throw new Refused(STATUSES[admitted.denied], admitted.denied, admitted.why, { key: gateway.key })
  send(response, 200, await keyHandlers(admitted)[operation](askedOf(matched, body)))
}

function isServed(operation: Operation): operation is keyof typeof SERVED {
  return operation in SERVED
}

function textOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
