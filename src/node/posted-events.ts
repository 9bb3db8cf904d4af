import { appendEvent } from '../codec/events.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { PostedLedgerEvent } from './task-book.ts'

/** The ledger events of a task, in order, and the hash over all of them. */
export class PostedEvents {
  readonly #events: PostedLedgerEvent[] = []
  #hash: Digest = NIL

  get all(): readonly PostedLedgerEvent[] {
    return this.#events
  }

  /** The hash up to this event; null for one that is not the next. */
  add(event: PostedLedgerEvent): Digest | null {
    if (event.seq !== this.#events.length + 1) return null
    this.#events.push(event)
    this.#hash = appendEvent(this.#hash, event)
    return this.#hash
  }
}
