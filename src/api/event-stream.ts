import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refused } from './refused.ts'

/** One event; its reader goes on behind its id. */
export interface ServerEvent {
  readonly id: number
  readonly event: string
  readonly data: unknown
}

/**
 * Hands out events behind an id, past ones first; returns how to stop.
 *
 * @param after null: the reader does not say what it has
 * @param end nothing comes any more
 * @throws Refused before the first event
 */
export type Follow = (after: number | null, push: (event: ServerEvent) => void, end: () => void) => () => void

/** A reader that is further behind is cut off: it goes on by the id of the last event that it has. */
const BEHIND_BYTES_MAX = 1 << 20
/** Proxies and clients take a silent connection for a dead one. */
const COMMENT_MS = 15_000

/** Server-sent events (WHATWG HTML, 9.2) until the reader goes away. @throws Refused last-event-id, and what `follow` throws */
export function stream(request: IncomingMessage, response: ServerResponse, follow: Follow): void {
  const last = request.headers['last-event-id']
  if (last !== undefined && (typeof last !== 'string' || !/^\d{1,15}$/.test(last)))
    throw new Refused(400, 'last-event-id')
  let isBegun = false
  // not before `follow` has taken it: it may refuse
  const begin = (): void => {
    if (isBegun) return
    isBegun = true
    // without this the server would end a connection that only writes
    request.socket.setTimeout(0)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.flushHeaders()
  }
  const write = (text: string): void => {
    begin()
    response.write(text)
    if (response.writableLength > BEHIND_BYTES_MAX) response.destroy()
  }
  const stop = follow(
    last === undefined ? null : Number(last),
    ({ id, event, data }) => write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    () => response.end(),
  )
  begin()
  const comment = setInterval(() => write(': alive\n\n'), COMMENT_MS)
  response.on('close', () => {
    clearInterval(comment)
    stop()
  })
}
