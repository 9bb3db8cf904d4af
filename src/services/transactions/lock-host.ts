import { lockAnswer } from '../../types/lock-request.ts'
import type { LockAnswer, LockAsk } from '../../types/lock-request.ts'
import { acquire, holds, NO_LOCKS, release, waitEdges } from './locks.ts'
import type { LockMode, LockTable, TxNumber } from './locks.ts'
import type { SaidWait } from './slice.ts'

/** The document's limit of transactions at a time. */
const TRANSACTIONS_MAX = 1000
/** A transaction that asks for nothing for so long is over: nobody waits for who does not come back. */
export const IDLE_MS = 15_000
/** For how long it is told so. */
const FATE_MS = 4 * IDLE_MS

interface Row {
  work: number
  priority: number
  readonly beganMs: number
  seenMs: number
  fate: 'live' | 'victim' | 'over'
  /** The lock that it waits for, and the request that waits; null: that has been answered. */
  asked: { readonly key: string; readonly mode: LockMode; id: number | null } | null
}

/** A request that has waited, and its answer. */
export interface Settled {
  readonly id: number
  readonly answer: LockAnswer
}

/** Stamps of waits: one counter for all locks of a node. */
export interface Stamps {
  last: number
}

/**
 * The locks of one copy. They are in memory: a copy that starts anew has none, and says so by a greater epoch, the first half
 * of its tokens. What the locks protect refuses smaller tokens than it has seen. Times are those of one monotonic clock.
 */
export class LockHost {
  readonly #epoch: bigint
  readonly #stamps: Stamps
  readonly #rows = new Map<TxNumber, Row>()
  #table: LockTable = NO_LOCKS
  #grants = 0n

  constructor(epoch: bigint, stamps: Stamps) {
    this.#epoch = epoch
    this.#stamps = stamps
  }

  /** The answer, or null: it waits under its number. What others get by it is in `settled`. */
  ask(
    id: number,
    ask: LockAsk,
    nowMs: number,
  ): { readonly answer: LockAnswer | null; readonly settled: Settled[] } {
    if (ask.kind === 'release') {
      const ended = this.#drop(ask.tx, 'over')
      this.#rows.delete(ask.tx)
      return { answer: lockAnswer('released'), settled: [...ended, ...this.#granted()] }
    }
    const row = this.#rowOf(ask, nowMs)
    if (row === null) return { answer: lockAnswer('full'), settled: [] }
    if (row.fate !== 'live') return { answer: lockAnswer(row.fate), settled: [] }
    const { key, mode, tx } = ask
    if (row.asked !== null && row.asked.key !== key) return { answer: lockAnswer('bad-request'), settled: [] }
    const before = row.asked?.id ?? null
    const settled = before === null ? [] : [{ id: before, answer: lockAnswer('waiting') }]
    row.seenMs = nowMs
    const taken = this.#change((table) => acquire(table, key, { tx, mode }))
    row.asked = taken.answer === 'granted' ? null : { key, mode, id }
    return { answer: taken.answer === 'granted' ? this.#token() : null, settled }
  }

  /** A request that has waited for long enough is answered; the transaction goes on waiting. */
  letGo(id: number): void {
    for (const { asked } of this.#rows.values()) if (asked?.id === id) asked.id = null
  }

  /** Those that the members have agreed on give way. */
  abort(victims: readonly TxNumber[]): Settled[] {
    const ended = victims.flatMap((tx) => this.#drop(tx, 'victim'))
    return [...ended, ...this.#granted()]
  }

  /** Ends who has asked for nothing for too long. */
  expire(nowMs: number): Settled[] {
    const settled: Settled[] = []
    for (const [tx, { seenMs, fate }] of this.#rows) {
      if (fate === 'live' && nowMs - seenMs > IDLE_MS) settled.push(...this.#drop(tx, 'over'))
      else if (fate !== 'live' && nowMs - seenMs > FATE_MS) this.#rows.delete(tx)
    }
    return [...settled, ...this.#granted()]
  }

  /** Who waits for whom here. @param sinceMs agreed or wall time at which the clock of the rows was 0 */
  waits(sinceMs: number): SaidWait[] {
    return waitEdges(this.#table).flatMap((edge) => {
      const row = this.#rows.get(edge.waiter)
      if (row === undefined) return []
      const { work, priority, beganMs } = row
      return [{ ...edge, work, priority, beganMs: Math.max(0, Math.floor(sinceMs + beganMs)) }]
    })
  }

  #rowOf({ tx, work, priority }: LockAsk & { kind: 'acquire' }, nowMs: number): Row | null {
    let row = this.#rows.get(tx)
    if (row === undefined) {
      if (this.#rows.size >= TRANSACTIONS_MAX) return null
      row = { work, priority, beganMs: nowMs, seenMs: nowMs, fate: 'live', asked: null }
      this.#rows.set(tx, row)
    }
    row.work = work
    row.priority = priority
    return row
  }

  /** Takes everything from a transaction. */
  #drop(tx: TxNumber, fate: 'victim' | 'over'): Settled[] {
    const row = this.#rows.get(tx)
    if (row?.fate !== 'live') return []
    const id = row.asked?.id ?? null
    row.fate = fate
    row.asked = null
    this.#change((table) => ({ table: release(table, tx) }))
    return id === null ? [] : [{ id, answer: lockAnswer(fate) }]
  }

  /** Who has what it waited for. */
  #granted(): Settled[] {
    const settled: Settled[] = []
    for (const [tx, row] of this.#rows) {
      const { asked } = row
      if (asked === null) continue
      const held = holds(this.#table, asked.key, tx)
      if (held !== 'write' && held !== asked.mode) continue
      row.asked = null
      if (asked.id !== null) settled.push({ id: asked.id, answer: this.#token() })
    }
    return settled
  }

  #change<T extends { readonly table: LockTable }>(change: (table: LockTable) => T): T {
    const result = change({ ...this.#table, stamps: this.#stamps.last })
    this.#table = result.table
    this.#stamps.last = result.table.stamps
    return result
  }

  #token(): LockAnswer {
    this.#grants += 1n
    return { code: 'granted', token: (this.#epoch << 64n) | this.#grants }
  }
}
