import type { ServerResponse } from 'node:http'
import { feedEvent } from '../../dashboard/model/feed-event.ts'
import type { FeedEvent } from '../../dashboard/model/feed-event.ts'
import { LiveBoard } from '../../dashboard/model/live-board.ts'
import type { NodeEvent } from '../local/node-process.ts'

/** What is said within this time goes out as one message. */
const GATHER_MS = 40
/** Proxies and browsers take a silent connection for a dead one. */
const COMMENT_MS = 15_000
/** A reader that is further behind is cut off: it connects again, and begins with the whole board. */
const BEHIND_BYTES_MAX = 16 << 20
export const READERS_MAX = 64

/** What the nodes of a network say, for pages: the whole board first, then each event. */
export class Feed {
  readonly board: LiveBoard
  readonly #readers = new Set<ServerResponse>()
  readonly #apiPorts = new Map<string, number>()
  #pending: FeedEvent[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(board = new LiveBoard()) {
    this.board = board
  }

  /** Takes a line of a node's log. */
  take(node: string, { event, facts }: NodeEvent): void {
    if (event === 'api.listening') this.#apiPorts.set(node, Number(facts['port']))
    const told = feedEvent(node, event, facts, Date.now())
    if (told !== null) this.tell(told)
  }

  tell(event: FeedEvent): void {
    this.board.apply(event)
    if (this.#readers.size === 0) return
    this.#pending.push(event)
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS)
  }

  /** Port of a node's API, as the node has said; null: no such node, or it has none. */
  apiPort(node: string): number | null {
    return this.#apiPorts.get(node) ?? null
  }

  /** False: there are too many readers. */
  get hasRoom(): boolean {
    return this.#readers.size < READERS_MAX
  }

  /** Adds a reader, whose headers are sent. */
  stream(response: ServerResponse): void {
    response.flushHeaders()
    // what is gathered is in the snapshot already
    this.#flush()
    response.write(`event: snapshot\ndata: ${JSON.stringify(this.board.snapshot())}\n\n`)
    this.#readers.add(response)
    const comment = setInterval(() => this.#write(response, ': alive\n\n'), COMMENT_MS)
    response.on('close', () => {
      clearInterval(comment)
      this.#readers.delete(response)
    })
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const reader of this.#readers) reader.destroy()
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#pending.length === 0) return
    const text = `event: events\ndata: ${JSON.stringify(this.#pending)}\n\n`
    this.#pending = []
    for (const reader of this.#readers) this.#write(reader, text)
  }

  #write(reader: ServerResponse, text: string): void {
    reader.write(text)
    if (reader.writableLength > BEHIND_BYTES_MAX) reader.destroy()
  }
}
