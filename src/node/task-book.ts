import type { ChainEvent } from '../ports/chain.ts'
import type { LedgerEvent, PostedEvent } from '../types/ledger.ts'
import type { Address } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** With its originator: a proof about a result names it. */
export type PostedLedgerEvent = LedgerEvent & PostedEvent

export interface PublishedTask {
  readonly client: Address
  readonly params: TaskParams
  /** Ledger events posted so far: the client may begin before the cluster is drawn. */
  readonly events: readonly PostedLedgerEvent[]
}

/** The ledger's part of what the chain tells. */
export function postedOf({
  seq,
  ledgerKind,
  originator,
  data,
}: Extract<ChainEvent, { kind: 'ledgerEvent' }>): PostedLedgerEvent {
  return { seq, kind: ledgerKind, originator, data }
}

/** Published tasks whose cluster is not drawn yet. */
export class TaskBook {
  readonly #tasks = new Map<bigint, PublishedTask & { readonly events: PostedLedgerEvent[] }>()

  published({ taskId, client, params }: Extract<ChainEvent, { kind: 'taskPublished' }>): void {
    this.#tasks.set(taskId, { client, params, events: [] })
  }

  /** The task, while it is in the book. */
  get(taskId: bigint): PublishedTask | null {
    return this.#tasks.get(taskId) ?? null
  }

  ledgerEvent(event: Extract<ChainEvent, { kind: 'ledgerEvent' }>): void {
    this.#tasks.get(event.taskId)?.events.push(postedOf(event))
  }

  /** The task, which is no longer in the book then. */
  take(taskId: bigint): PublishedTask | null {
    const task = this.#tasks.get(taskId) ?? null
    this.#tasks.delete(taskId)
    return task
  }

  /** Forgets tasks that ended before a block without a cluster. */
  prune(block: number, time: number): void {
    for (const [taskId, { params }] of this.#tasks)
      if (params.endBlock < block && params.endTime <= time) this.#tasks.delete(taskId)
  }
}
