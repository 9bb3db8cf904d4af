import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { OutboxEntry, Store } from '../../ports/store.ts'
import type { Digest, Hex } from '../../types/ids.ts'

/** What belongs to the node and not to one task: how far the chain was read, and what must still be sent to it. */
export class NodeTables {
  readonly #cursor: StatementSync
  readonly #setCursor: StatementSync
  readonly #enqueue: StatementSync
  readonly #pending: StatementSync
  readonly #settle: StatementSync

  constructor(database: DatabaseSync) {
    this.#cursor = database.prepare('SELECT block, hash FROM cursor')
    this.#setCursor = database.prepare('INSERT OR REPLACE INTO cursor (id, block, hash) VALUES (1, ?, ?)')
    this.#enqueue = database.prepare(
      `INSERT INTO outbox (id, recipient, data) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE
       SET recipient = excluded.recipient, data = excluded.data, settled = 0 WHERE settled = 1`,
    )
    this.#pending = database.prepare(
      'SELECT id, recipient, data FROM outbox WHERE settled = 0 ORDER BY position',
    )
    this.#settle = database.prepare('UPDATE outbox SET settled = 1 WHERE id = ?')
  }

  cursor(): ReturnType<Store['cursor']> {
    const row = this.#cursor.get()
    return row === undefined ? null : { block: Number(row['block']), hash: row['hash'] as Digest }
  }

  setCursor(block: number, hash: Digest): void {
    this.#setCursor.run(block, hash)
  }

  enqueue({ id, to, data }: OutboxEntry): void {
    this.#enqueue.run(id, to, data)
  }

  pending(): OutboxEntry[] {
    return this.#pending
      .all()
      .map((row) => ({ id: String(row['id']), to: row['recipient'] as Hex, data: row['data'] as Hex }))
  }

  settle(id: string): void {
    this.#settle.run(id)
  }
}
