import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A JSON-RPC endpoint that browsers may ask, in front of a chain. */
export interface BrowserRpc {
  readonly url: string
  /** Changes what the chain answers; set it back to `honest` to stop. */
  spoil: Spoil
  close(): Promise<void>
}

export type Spoil = (method: string, params: readonly unknown[], result: unknown) => unknown

export const honest: Spoil = (_method, _params, result) => result

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

/** @param head the block that it says is the newest: two audits then read the same history */
export async function browserRpc(target: string, head: number): Promise<BrowserRpc> {
  const server = createServer((request, response) => {
    void respond(request, response).catch(() => response.destroy())
  })
  const rpc: { -readonly [K in keyof BrowserRpc]: BrowserRpc[K] } = {
    url: '',
    spoil: honest,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'OPTIONS') {
      response.writeHead(204, CORS).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Call | Call[]
    const answer = await (Array.isArray(asked) ? Promise.all(asked.map(told)) : told(asked))
    response.writeHead(200, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }

  async function told(call: Call): Promise<unknown> {
    const answer = await forward(call)
    if ('result' in answer) answer.result = rpc.spoil(call.method, call.params, answer.result)
    return answer
  }

  async function forward(call: Call): Promise<{ result?: unknown }> {
    if (call.method === 'eth_blockNumber')
      return { id: call.id, jsonrpc: '2.0', result: `0x${head.toString(16)}` } as { result: unknown }
    const body = JSON.stringify({ jsonrpc: '2.0', ...call })
    const headers = { 'content-type': 'application/json' }
    return (await (await fetch(target, { method: 'POST', headers, body })).json()) as { result?: unknown }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  rpc.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return rpc
}
