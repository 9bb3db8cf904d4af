import type { IncomingMessage, ServerResponse } from 'node:http'
import { Refused } from './refused.ts'
import type { Decided } from './routes.ts'

/** Hands out decided heights from one on, past ones first; returns how to stop. */
export type Follow = (from: number, push: (decided: Decided) => void) => () => void

/** A reader that is further behind is cut off: it goes on by the id of the last event that it has. */
const BEHIND_BYTES_MAX = 1 << 20
/** Proxies and clients take a silent connection for a dead one. */
const COMMENT_MS = 15_000

/** Server-sent events (WHATWG HTML, 9.2) until the reader goes away. @throws Refused last-event-id */
export function stream(request: IncomingMessage, response: ServerResponse, follow: Follow): void {
  const last = request.headers['last-event-id'] ?? '0'
  if (typeof last !== 'string' || !/^\d{1,5}$/.test(last)) throw new Refused(400, 'last-event-id')
  // without this the server would end a connection that only writes
  request.socket.setTimeout(0)
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  response.flushHeaders()
  const write = (text: string): void => {
    response.write(text)
    if (response.writableLength > BEHIND_BYTES_MAX) response.destroy()
  }
  const comment = setInterval(() => write(': alive\n\n'), COMMENT_MS)
  const stop = follow(Number(last) + 1, (decided) => {
    write(`id: ${decided.height}\nevent: decided\ndata: ${JSON.stringify(decided)}\n\n`)
  })
  response.on('close', () => {
    clearInterval(comment)
    stop()
  })
}
