import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import { RsdpClient } from '../../api/client.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { DrillRoute } from './drill-route.ts'
import { drill } from './drill-route.ts'
import type { Feed } from './feed.ts'

/** What the page is told when it opens. Everything in it is public on this machine. */
export interface PageSetup {
  readonly rpcUrl: string
  readonly deployment: unknown
  readonly nodes: readonly { readonly name: string; readonly key: string }[]
}

export interface PageServerInit {
  /** 0 picks a free one. */
  readonly port: number
  readonly html: string
  /** Null: the network is still starting. */
  readonly setup: () => PageSetup | null
  readonly feed: Feed
  /** What may be done to nodes, for whoever knows the token; absent: nothing. */
  readonly drills?: () => DrillRoute | undefined
}

export interface PageServer {
  readonly url: string
  /** Ends streams, too. May be called twice. */
  close(): Promise<void>
}

const HOST = '127.0.0.1'
/** Names under which a browser on this machine may ask: anything else is DNS rebinding. */
const HOSTS = new Set([HOST, 'localhost'])
const STATE_PATH = /^\/nodes\/([\w.-]{1,64})\/tasks\/(\d{1,20})\/heights\/([1-9]\d{0,4})$/
const DRILLS_PATH = '/drills'
const NODE_TIMEOUT_MS = 5_000

/**
 * Serves the dashboard on the loopback interface: the page, what it is about, the feed, and decided states of the nodes. It only
 * reads, unless it is given drills: those are for whoever knows their token.
 *
 * @throws RsdpError E_ADDR_IN_USE
 */
export async function startPageServer(init: PageServerInit): Promise<PageServer> {
  const server = createServer((request, response) => {
    void respond(request, response, init).catch(() => {
      if (response.headersSent) response.destroy()
      else send(response, refuse(500, 'failed'))
    })
  })
  server.maxHeadersCount = 64
  server.requestTimeout = 5_000
  server.headersTimeout = 5_000
  const port = await listen(server, init.port)
  return {
    url: `http://${HOST}:${port}`,
    close: () =>
      new Promise((resolve) => {
        init.feed.close()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
  readonly policy?: string
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  init: PageServerInit,
): Promise<void> {
  const [path = '/'] = (request.url ?? '/').split('?')
  const refusal = refusalOf(request, path)
  const drills = init.drills?.()
  if (refusal === null && path === '/feed') stream(request, response, init.feed)
  else if (path === DRILLS_PATH && drills !== undefined)
    send(response, drillHost(request) ?? (await answerDrill(request, drills)))
  else send(response, refusal ?? (await answerTo(path, init)))
}

/** What must not be answered, wherever it leads; null: it may. */
function refusalOf({ headers, method }: IncomingMessage, path: string): Answer | null {
  if (!HOSTS.has((headers.host ?? '').replace(/:\d+$/, ''))) return refuse(403, 'host')
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'method')
  // a page of another site cannot read an answer, for want of CORS headers: it shall not even make the server work
  const isLink = path === '/' || path === '/index.html'
  return !isLink && headers['sec-fetch-site'] === 'cross-site' ? refuse(403, 'site') : null
}

async function answerTo(path: string, { html, setup, feed }: PageServerInit): Promise<Answer> {
  if (path === '/' || path === '/index.html') {
    const policy = policyOf(html, setup()?.rpcUrl ?? null)
    return { status: 200, type: 'text/html; charset=utf-8', body: html, policy }
  }
  if (path === '/setup.json') return setup() === null ? refuse(503, 'starting') : json(200, setup())
  const [, node = '', task = '', height = ''] = STATE_PATH.exec(path) ?? []
  return node === '' ? refuse(404, 'no-route') : stateOf(feed.apiPort(node), BigInt(task), Number(height))
}

/** Whether a drill may be asked for from here at all; null: it may. A page of another site cannot set the header. */
function drillHost({ headers }: IncomingMessage): Answer | null {
  const { host = '', origin, 'sec-fetch-site': site } = headers
  if (!HOSTS.has(host.replace(/:\d+$/, ''))) return refuse(403, 'host')
  if (origin !== undefined && origin !== `http://${host}`) return refuse(403, 'origin')
  return site === undefined || site === 'same-origin' ? null : refuse(403, 'site')
}

async function answerDrill(request: IncomingMessage, drills: DrillRoute): Promise<Answer> {
  const { status, body } = await drill(request, drills)
  return json(status, body)
}

/** A decided state, as a node's API has it; nothing if the node does not answer or has none. */
async function stateOf(port: number | null, task: bigint, height: number): Promise<Answer> {
  const none = { status: 204, type: 'application/json', body: '' }
  if (port === null) return none
  const { heights } = await new RsdpClient({ port }, NODE_TIMEOUT_MS)
    .heights(task, height, 1)
    .catch(() => ({ heights: [] }))
  const [found] = heights
  return found?.height === height ? json(200, found) : none
}

const json = (status: number, body: unknown): Answer => ({
  ...{ status, type: 'application/json', body: JSON.stringify(body) },
})
const refuse = (status: number, error: string): Answer => json(status, { error })

function stream(request: IncomingMessage, response: ServerResponse, feed: Feed): void {
  if (!feed.hasRoom) {
    send(response, refuse(503, 'readers'))
    return
  }
  // without this the server would end a connection that only writes
  request.socket.setTimeout(0)
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/event-stream' })
  feed.stream(response)
}

/** The page's own policy, but requests go to this server and to the one endpoint alone, and nobody may frame it. */
export function policyOf(html: string, rpcUrl: string | null): string {
  const [, own = "default-src 'none'"] =
    /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html) ?? []
  const endpoint = rpcUrl === null ? '' : ` ${new URL(rpcUrl).origin}`
  return `${own.replace(/connect-src [^;]*/, `connect-src 'self'${endpoint}`)}; frame-ancestors 'none'`
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
}

function send(response: ServerResponse, { status, type, body, policy }: Answer): void {
  const own = policy === undefined ? {} : { 'content-security-policy': policy }
  response.writeHead(status, { ...HEADERS, 'content-type': type, ...own })
  response.end(body)
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new RsdpError({
          code: 'E_ADDR_IN_USE',
          message: `cannot listen for the dashboard on ${HOST}:${port} (${cause.code ?? 'error'})`,
          hint: 'stop what uses the port, choose another with --ui-port (0 picks a free one), or give --no-ui',
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
