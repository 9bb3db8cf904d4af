import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RsdpError } from '../../src/types/errors.ts'

export interface RpcRequest {
  readonly id: number
  readonly method: string
  readonly params: readonly unknown[]
}

export interface FakeRpc {
  readonly url: string
  /** Requests seen so far. */
  readonly requests: readonly RpcRequest[]
  close(): Promise<void>
}

/** Answers a request itself, or leaves it to the next by returning false. */
export type Answer = (request: RpcRequest, response: ServerResponse) => boolean | Promise<boolean>

/** An HTTP server on the loopback interface that speaks as much JSON-RPC as `answer` wants. */
export async function fakeRpc(answer: Answer): Promise<FakeRpc> {
  const requests: RpcRequest[] = []
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (text) => {
      const call = JSON.parse(text) as RpcRequest
      // takes no batches, as some endpoints do
      if (Array.isArray(call)) return void response.writeHead(400).end()
      requests.push(call)
      if (!(await answer(call, response))) response.writeHead(404).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export function reply(
  response: ServerResponse,
  id: number,
  body: { result: unknown } | { error: unknown },
): true {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...body }))
  return true
}

/** Puts itself before a real chain: what `answer` leaves is forwarded, and `spoil` may change the result, or promise another. */
export function rpcProxy(
  target: string,
  answer: Answer,
  spoil: (request: RpcRequest, result: unknown) => unknown = (_, result) => result,
): Promise<FakeRpc> {
  return fakeRpc(async (request, response) => {
    if (await answer(request, response)) return true
    const body = JSON.stringify({ jsonrpc: '2.0', ...request })
    const forwarded = await fetch(target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const real = (await forwarded.json()) as { result?: unknown; error?: unknown }
    if (real.error !== undefined) return reply(response, request.id, { error: real.error })
    return reply(response, request.id, { result: await spoil(request, real.result) })
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** The RsdpError that a promise is rejected with. */
export async function failure(promise: Promise<unknown>): Promise<RsdpError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof RsdpError) return error
    throw error
  }
  throw new Error('was expected to fail')
}
