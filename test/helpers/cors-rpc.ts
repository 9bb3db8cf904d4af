import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An answer of JSON-RPC, without number and version. */
export type Told = { readonly result: unknown } | { readonly error: unknown }

/** What an endpoint answers. @param path of the URL under which it is asked, `/` if there is none */
export type Teller = (path: string, method: string, params: readonly unknown[]) => Promise<Told>

export interface CorsRpc {
  readonly url: string
  close(): Promise<void>
}

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'content-type',
  'access-control-allow-methods': 'POST',
}

interface Call {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

/** A JSON-RPC endpoint on the loopback interface that takes batches, and that browsers may ask. */
export async function corsRpc(tell: Teller): Promise<CorsRpc> {
  const server = createServer((request, response) => {
    void respond(request, response).catch(() => response.destroy())
  })

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Call | Call[]
    const told = async ({ id, method, params }: Call): Promise<unknown> => ({
      ...{ jsonrpc: '2.0', id },
      ...(await tell(request.url ?? '/', method, params)),
    })
    const answer = await (Array.isArray(asked) ? Promise.all(asked.map(told)) : told(asked))
    response.writeHead(200, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Asks an endpoint, one request at a time. */
export async function askRpc(url: string, method: string, params: readonly unknown[]): Promise<Told> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
  const headers = { 'content-type': 'application/json' }
  const answer = (await (await fetch(url, { method: 'POST', headers, body })).json()) as Told
  return 'result' in answer ? { result: answer.result } : { error: answer.error }
}
