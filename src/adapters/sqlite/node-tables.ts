import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { fromHex, toHex } from '../../codec/hex.ts'
import type { Mark } from '../../codec/seal.ts'
import type { OutboxEntry, Store } from '../../ports/store.ts'
import type { Digest, Hex } from '../../types/ids.ts'

/** What belongs to the node and not to one task: how far the chain was read, and what must still be sent to it. */
export class NodeTables {
  readonly #cursor: StatementSync
  readonly #setCursor: StatementSync
  readonly #enqueue: StatementSync
  readonly #pending: StatementSync
  readonly #settle: StatementSync
  readonly #born: StatementSync
  readonly #setBorn: StatementSync
  readonly #memory: StatementSync
  readonly #setMemory: StatementSync
  readonly #forgetMemory: StatementSync
  readonly #marks: StatementSync

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
    this.#born = database.prepare('SELECT block FROM birth')
    this.#setBorn = database.prepare('UPDATE birth SET block = ?')
    this.#memory = database.prepare('SELECT mark FROM memory WHERE cluster = ?')
    this.#setMemory = database.prepare('INSERT OR REPLACE INTO memory (cluster, mark) VALUES (?, ?)')
    this.#forgetMemory = database.prepare('DELETE FROM memory')
    this.#marks = database.prepare('SELECT cluster, mark FROM memory')
    this.#settle = database.prepare('UPDATE outbox SET settled = 1 WHERE id = ?')
  }

  cursor(): ReturnType<Store['cursor']> {
    const row = this.#cursor.get()
    return row === undefined ? null : { block: Number(row['block']), hash: row['hash'] as Digest }
  }

  setCursor(block: number, hash: Digest): void {
    this.#setCursor.run(block, hash)
  }

  born(): number | null {
    const block = this.#born.get()?.['block'] ?? null
    return block === null ? null : Number(block)
  }

  setBorn(block: number | null): void {
    this.#setBorn.run(block)
  }

  /** Undefined: nothing is said of this task; null: what is missing is not known. */
  mark(cluster: Digest): number | null | undefined {
    const row = this.#memory.get(fromHex(cluster))
    if (row === undefined) return undefined
    return row['mark'] === null ? null : Number(row['mark'])
  }

  /** Of every task of which anything is said. */
  marks(): Mark[] {
    return this.#marks.all().map(({ cluster, mark }) => ({
      cluster: toHex(cluster as Uint8Array),
      height: mark === null ? null : Number(mark),
    }))
  }

  setMark(cluster: Digest, mark: number | null): void {
    this.#setMemory.run(fromHex(cluster), mark)
  }

  forgetMarks(): void {
    this.#forgetMemory.run()
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
