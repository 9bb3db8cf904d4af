import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { fromHex } from '../../codec/hex.ts'
import type { HistoryEntry, StoredHeight } from '../../ports/store.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest } from '../../types/ids.ts'
import { BadRecord, readHeight, readHistory, writeHeight, writeHistory } from './records.ts'
import { seal } from './seal.ts'
import type { OpenRecord } from './seal.ts'

const heightKey = (cluster: Digest, height: unknown): string => `height/${cluster}/${String(height)}`
const historyKey = (cluster: Digest, height: unknown): string => `history/${cluster}/${String(height)}`
const bodyKey = (cluster: Digest, hash: Digest): string => `body/${cluster}/${hash}`

/** Decided heights, and the states they name by hash: a state that several heights share is stored once. */
export class HeightTable {
  readonly #open: OpenRecord
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #range: StatementSync
  readonly #history: StatementSync
  readonly #body: StatementSync
  readonly #insertBody: StatementSync

  constructor(database: DatabaseSync, open: OpenRecord) {
    this.#open = open
    this.#find = database.prepare('SELECT record FROM heights WHERE cluster = ? AND height = ?')
    this.#insert = database.prepare(
      'INSERT INTO heights (cluster, height, history, record) VALUES (?, ?, ?, ?)',
    )
    this.#range = database.prepare(
      'SELECT height, record FROM heights WHERE cluster = ? AND height >= ? ORDER BY height LIMIT ?',
    )
    this.#history = database.prepare(
      'SELECT height, history FROM heights WHERE cluster = ? AND height >= ? ORDER BY height LIMIT ?',
    )
    this.#body = database.prepare('SELECT record FROM bodies WHERE cluster = ? AND hash = ?')
    this.#insertBody = database.prepare(
      'INSERT INTO bodies (cluster, hash, record) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    )
  }

  /** Stores a height within the caller's transaction; nothing if it is stored. Another value for it: InvariantError. */
  insert(cluster: Digest, height: StoredHeight, bodies: ReadonlyMap<Digest, Uint8Array>): void {
    const { decided, value } = height
    const id = fromHex(cluster)
    const stored = this.#find.get(id, decided.height)
    if (stored !== undefined) {
      const found = this.#read(cluster, decided.height, stored['record'])
      invariant(found.value === value, `height ${decided.height} is decided with another value`)
      return
    }
    this.#insert.run(
      id,
      decided.height,
      seal(historyKey(cluster, decided.height), writeHistory(height)),
      seal(heightKey(cluster, decided.height), writeHeight(height)),
    )
    this.#keep(cluster, decided.share.object.stateHash, height.state)
    for (const [hash, bytes] of bodies) this.#keep(cluster, hash, bytes)
  }

  range(cluster: Digest, fromHeight: number, count: number): StoredHeight[] {
    return this.#range.all(fromHex(cluster), fromHeight, count).map(({ height, record }) => {
      const found = this.#read(cluster, height, record)
      return { ...found, state: this.#state(cluster, found.decided.share.object.stateHash) }
    })
  }

  states(cluster: Digest, fromHeight: number, count: number): { height: number; state: Uint8Array }[] {
    return this.history(cluster, fromHeight, count).map(({ height, stateHash }) => ({
      height,
      state: this.#state(cluster, stateHash),
    }))
  }

  /** Heights without reading certificates and states. */
  history(cluster: Digest, fromHeight: number, count: number): HistoryEntry[] {
    return this.#history
      .all(fromHex(cluster), fromHeight, count)
      .map(({ height, history }) => this.#open(historyKey(cluster, height), history, readHistory))
  }

  body(cluster: Digest, hash: Digest): Uint8Array | null {
    const row = this.#body.get(fromHex(cluster), fromHex(hash))
    return row === undefined
      ? null
      : this.#open(bodyKey(cluster, hash), row['record'], (bytes) => new Uint8Array(bytes))
  }

  /** Without its state a height is as good as lost. */
  #state(cluster: Digest, hash: Digest): Uint8Array {
    return this.body(cluster, hash) ?? this.#open(bodyKey(cluster, hash), null, noBody)
  }

  #keep(cluster: Digest, hash: Digest, bytes: Uint8Array): void {
    this.#insertBody.run(fromHex(cluster), fromHex(hash), seal(bodyKey(cluster, hash), bytes))
  }

  #read(cluster: Digest, height: unknown, record: unknown): Omit<StoredHeight, 'state'> {
    return this.#open(heightKey(cluster, height), record, (bytes) => readHeight(cluster, bytes))
  }
}

function noBody(): never {
  throw new BadRecord('body missing')
}
