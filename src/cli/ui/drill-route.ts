import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import type { DrillAnswer, DrillAsk } from '../../dashboard/model/drill.ts'
import { DRILLS } from '../../dashboard/model/drill.ts'
import { RsdpError } from '../../types/errors.ts'

/** Drills of a network, and the token of whoever may ask for them: it is printed where the network was started. */
export interface DrillRoute {
  readonly token: string
  readonly answer: () => DrillAnswer
  /** @throws RsdpError if nothing was done */
  readonly do: (ask: DrillAsk) => DrillAnswer
}

const BODY_BYTES_MAX = 1_024
const ASK = z.strictObject({
  node: z.string().min(1).max(64),
  drill: z.enum(DRILLS),
  fault: z.string().min(1).max(64).optional(),
})

/** Answers `GET` with how the nodes are, and does what a `POST` asks for. */
export async function drill(
  request: IncomingMessage,
  drills: DrillRoute,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { method, headers } = request
  if (!isToken(headers.authorization, drills.token)) return { status: 401, body: { error: 'token' } }
  if (method === 'GET') return { status: 200, body: drills.answer() }
  if (method !== 'POST') return { status: 405, body: { error: 'method' } }
  const text = await bodyOf(request)
  if (text === null) return { status: 413, body: { error: 'body' } }
  const read = ASK.safeParse(parsed(text))
  if (!read.success) return { status: 400, body: { error: 'body' } }
  const { fault, ...ask } = read.data
  try {
    return { status: 200, body: drills.do(fault === undefined ? ask : { ...ask, fault }) }
  } catch (error) {
    if (!(error instanceof RsdpError)) throw error
    return { status: 409, body: { error: error.code, message: error.message, hint: error.hint } }
  }
}

function isToken(header: string | undefined, token: string): boolean {
  const [given, expected] = [Buffer.from(header ?? ''), Buffer.from(`Bearer ${token}`)]
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/** Null: too long. */
async function bodyOf(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
