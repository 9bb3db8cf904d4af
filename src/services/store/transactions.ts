import type { CborValue, DecodedCbor } from '../../codec/cbor.ts'
import type { TxName, TxRefusal, TxWrite } from '../../types/transaction.ts'
import { NEW_PARTICIPANT, participantStep } from '../transactions/participant.ts'
import type { Sent } from '../transactions/messages.ts'
import type { Participant } from '../transactions/participant.ts'
import {
  acceptedIn,
  acceptedItems,
  isReply,
  nameIn,
  nameItems,
  outcomeIn,
  outcomeItem,
  shareIn,
  shareItems,
  termsOf,
} from '../transactions/store-message.ts'
import type { Share, StoreTxBody, StoreTxMessage, StoreTxReply } from '../transactions/store-message.ts'
import { count, list } from './read.ts'

/** A transaction at a store. Without a share it is over: all are done with it, or it was asked about before it was told. */
export interface TxRow {
  readonly name: TxName
  readonly share: Share | null
  readonly state: Participant
}

/** What the store holds beside. */
export interface Keys {
  /** 0: there is no such key. */
  versionOf(key: string): number
  /** Bytes by which a put makes the store larger, and bytes that are free. */
  growth(key: string, value: Uint8Array): number
  room(): number
}

/** Transactions that a store knows at a time. */
export const TX_ROWS_MAX = 4096
/** A transaction is prepared so long after its beginning at most, ms; what is over is kept as long: it cannot begin again. */
export const TX_LIFE_MS = 30_000

/** Participants do not say who asks: the answer goes there. */
const ASKER = 0
const NO_REPLY: StoreTxReply = { body: null, why: null }

/**
 * Transactions at a strong store. It is a part of the store's data, so that each step is on the disks of a majority before its
 * answer leaves, and whoever leads next goes on with it. Deterministic, and changed in place.
 */
export class StoreTransactions {
  readonly #rows = new Map<string, TxRow>()
  /** Keys that somebody has who is not decided yet. */
  readonly #locks = new Map<string, { readonly tx: string; readonly kind: TxWrite['kind'] }>()
  #reserved = 0
  readonly #growth = new Map<string, number>()

  /** Bytes that those who are not decided yet may still take. */
  get reserved(): number {
    return this.#reserved
  }

  /** Whether a read has to wait: the key may have another value by now. */
  isChanging(key: string): boolean {
    const kind = this.#locks.get(key)?.kind
    return kind === 'put' || kind === 'delete'
  }

  isLocked(key: string): boolean {
    return this.#locks.has(key)
  }

  rows(): readonly TxRow[] {
    return [...this.#rows.values()]
  }

  /** @returns the answer, and what the store has to write now */
  step(
    { name, body }: StoreTxMessage,
    agreedMs: number,
    keys: Keys,
  ): { readonly reply: StoreTxReply; readonly writes: readonly TxWrite[] } {
    this.#sweep(agreedMs)
    const row = this.#rows.get(nameOf(name)) ?? null
    if (body.kind === 'forget') return { reply: this.#forget(name, row), writes: [] }
    const why =
      body.kind === 'prepare' && row === null ? this.#whyNot(name, body.share, agreedMs, keys) : null
    const before = row?.state ?? NEW_PARTICIPANT
    const step = participantStep(self(row, body), before, {
      ...{ kind: 'message', from: ASKER, canCommit: why === null },
      body: body.kind === 'prepare' ? { kind: 'prepare', terms: termsOf(body.share) } : body,
    })
    const told = body.kind === 'prepare' && why === null ? body.share : null
    const share = row === null ? told : row.share
    const writes = this.#keep({ name, share, state: step.state }, before, body, keys)
    return { reply: { body: replyIn(step.sends, body, step.state), why }, writes }
  }

  /** `[[coordinator, number, [share], promised, [accepted], [final]] …]` */
  encode(): CborValue[] {
    return this.rows().map(({ name, share, state: { promised, accepted, final } }) => [
      ...nameItems(name),
      ...[
        share === null ? [] : shareItems(share),
        promised,
        accepted === null ? [] : acceptedItems(accepted),
      ],
      final === null ? [] : [outcomeItem(final)],
    ])
  }

  static decode(items: readonly DecodedCbor[], keys: Keys): StoreTransactions {
    const all = new StoreTransactions()
    for (const item of items) {
      const [coordinator, number, shared, promised, accepted, final] = list(item)
      const share = list(shared).length === 0 ? null : shareIn(list(shared))
      const state = {
        terms: share === null ? null : termsOf(share),
        promised: count(promised),
        accepted: list(accepted).length === 0 ? null : acceptedIn(list(accepted)),
        final: list(final).length === 0 ? null : outcomeIn(list(final)[0]),
      }
      const row = { name: nameIn(coordinator, number), share, state }
      all.#rows.set(nameOf(row.name), row)
      if (state.final === null && share !== null) all.#lock(nameOf(row.name), share, keys)
    }
    return all
  }

  #whyNot(name: TxName, { writes }: Share, agreedMs: number, keys: Keys): TxRefusal | null {
    if (agreedMs >= name.number + TX_LIFE_MS) return 'late'
    if (agreedMs + TX_LIFE_MS < name.number) return 'early'
    if (this.#rows.size >= TX_ROWS_MAX) return 'full'
    if (writes.some(({ key }) => this.#locks.has(key))) return 'locked'
    if (writes.some(({ key, version }) => version !== null && version !== keys.versionOf(key)))
      return 'conflict'
    return growthOf(writes, keys) > keys.room() - this.#reserved ? 'full' : null
  }

  /** The row as it is now. Who has voted no, or aborts what it was not told, is forgotten: it may vote again, and nobody counts it. */
  #keep(row: TxRow, before: Participant, body: StoreTxBody, keys: Keys): readonly TxWrite[] {
    const { name, share, state } = row
    const key = nameOf(name)
    if (share === null && (body.kind === 'prepare' || body.kind === 'outcome') && !this.#rows.has(key))
      return []
    const wasOpen = before.final === null && before.terms !== null
    const isOpen = state.final === null && state.terms !== null
    if (isOpen && !wasOpen && share !== null) this.#lock(key, share, keys)
    if (wasOpen && !isOpen) this.#unlock(key)
    const isOver = state.final !== null && share !== null
    // what it was to write is not needed any more
    this.#rows.set(key, isOver ? { name, share: { ...share, writes: [] }, state } : row)
    return wasOpen && state.final === 'commit' && share !== null ? share.writes : []
  }

  #lock(tx: string, { writes }: Share, keys: Keys): void {
    for (const { key, kind } of writes) this.#locks.set(key, { tx, kind })
    const growth = growthOf(writes, keys)
    this.#growth.set(tx, growth)
    this.#reserved += growth
  }

  #unlock(tx: string): void {
    for (const [key, lock] of this.#locks) if (lock.tx === tx) this.#locks.delete(key)
    this.#reserved -= this.#growth.get(tx) ?? 0
    this.#growth.delete(tx)
  }

  #forget(name: TxName, row: TxRow | null): StoreTxReply {
    if (row !== null && row.state.final === null) return NO_REPLY
    if (row !== null)
      this.#rows.set(nameOf(name), { ...row, share: null, state: { ...row.state, terms: null } })
    return { body: { kind: 'done' }, why: null }
  }

  /** What is over and can be told of no more. */
  #sweep(agreedMs: number): void {
    for (const [key, { name, share }] of this.#rows)
      if (share === null && agreedMs >= name.number + TX_LIFE_MS) this.#rows.delete(key)
  }
}

function self(row: TxRow | null, body: StoreTxBody): number {
  return row?.share?.self ?? (body.kind === 'prepare' ? body.share.self : 0)
}

/** A vote in the agreed log is the leader's to submit; who coordinates is told of it, too. */
function replyIn(sends: readonly Sent[], { kind }: StoreTxBody, state: Participant): StoreTxReply['body'] {
  const { terms, final } = state
  if (kind === 'prepare') return { kind: 'vote', isYes: final === null ? terms !== null : final === 'commit' }
  const said = sends[0]?.body
  return said !== undefined && isReply(said) ? said : null
}

function growthOf(writes: readonly TxWrite[], keys: Keys): number {
  return writes.reduce(
    (sum, { kind, key, value }) => sum + (kind === 'put' ? Math.max(0, keys.growth(key, value)) : 0),
    0,
  )
}

/** A transaction's name as text. */
export function nameOf({ coordinator, number }: TxName): string {
  return `${coordinator}/${number}`
}
