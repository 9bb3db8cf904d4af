import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import type { Matched, PathParams } from './match.ts'
import { Refused } from './refused.ts'

export interface Asked extends PathParams {
  readonly query: unknown
  readonly body: unknown
}

/** A value of 32 KiB in hex, and its frame. */
const BODY_BYTES_MAX = 72_000

/** What a request asks for, by the types of its route. @throws Refused query, body */
export function askedOf({ route, params, query }: Matched, body: Uint8Array | null): Asked {
  return {
    ...params,
    query: route.query === undefined ? {} : parse(route.query, query, 'query'),
    body: route.body === undefined ? {} : parse(route.body, jsonIn(body), 'body'),
  }
}

/** Null if it is too long, or does not come to its end. */
export async function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > BODY_BYTES_MAX) return null
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch {
    return null
  }
}

export function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(`${JSON.stringify(body)}\n`)
}

/** Answers with what went wrong: what the request sent was perhaps not read to its end. */
export function sendError(response: ServerResponse, error: unknown): void {
  const refused = error instanceof Refused ? error : new Refused(500, 'failed')
  response.shouldKeepAlive = false
  if (response.headersSent) response.destroy()
  else send(response, refused.status, refused.body)
}

function parse(type: z.ZodType, value: unknown, what: string): unknown {
  const parsed = type.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Refused(400, what, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
}

/** Undefined if it is no JSON. */
function jsonIn(body: Uint8Array | null): unknown {
  try {
    return body === null ? undefined : (JSON.parse(new TextDecoder().decode(body)) as unknown)
  } catch {
    return undefined
  }
}
