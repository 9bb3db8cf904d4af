import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { fromHex } from '../../codec/hex.ts'
import type { SignRequest } from '../../ports/store.ts'
import type { Digest } from '../../types/ids.ts'
import type { ProtocolObject } from '../../types/objects.ts'
import { BadRecord, readKept, writeKept } from './records.ts'
import { seal } from './seal.ts'
import type { OpenRecord } from './seal.ts'

type Kept = SignRequest['kept']

const keptKey = (cluster: Digest, height: unknown, key: unknown): string =>
  `kept/${cluster}/${String(height)}/${String(key)}`
const bodyKey = (cluster: Digest, height: unknown, hash: Digest): string =>
  `kept-body/${cluster}/${String(height)}/${hash}`

/** What was kept with own objects of heights that are not decided: admissions, lists, states. */
export class KeptTable {
  readonly #open: OpenRecord
  readonly #insert: StatementSync
  readonly #insertBody: StatementSync
  readonly #above: StatementSync
  readonly #body: StatementSync
  readonly #prune: StatementSync
  readonly #pruneBodies: StatementSync

  constructor(database: DatabaseSync, open: OpenRecord) {
    this.#open = open
    this.#insert = database.prepare('INSERT INTO kept (cluster, height, key, record) VALUES (?, ?, ?, ?)')
    this.#insertBody = database.prepare(
      'INSERT INTO kept_bodies (cluster, height, hash, record) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    )
    this.#above = database.prepare(
      'SELECT height, key, record FROM kept WHERE cluster = ? AND height > ? ORDER BY height, key',
    )
    this.#body = database.prepare(
      'SELECT record FROM kept_bodies WHERE cluster = ? AND height = ? AND hash = ?',
    )
    this.#prune = database.prepare('DELETE FROM kept WHERE cluster = ? AND height <= ?')
    this.#pruneBodies = database.prepare('DELETE FROM kept_bodies WHERE cluster = ? AND height <= ?')
  }

  /** Within the caller's transaction. With objects of no height nothing is kept. */
  insert(cluster: Digest, key: string, object: ProtocolObject, kept: Kept): void {
    if (!('height' in object)) return
    if (kept.admission === null && kept.list === null && kept.bodies.size === 0) return
    const { height } = object
    const id = fromHex(cluster)
    this.#insert.run(id, height, key, seal(keptKey(cluster, height, key), writeKept(kept)))
    for (const [hash, bytes] of kept.bodies)
      this.#insertBody.run(id, height, fromHex(hash), seal(bodyKey(cluster, height, hash), bytes))
  }

  above(cluster: Digest, decidedHeight: number): Kept[] {
    return this.#above
      .all(fromHex(cluster), decidedHeight)
      .map(({ height, key, record }) =>
        this.#open(keptKey(cluster, height, key), record, (bytes) =>
          readKept(cluster, bytes, (hash) => this.#readBody(cluster, Number(height), hash)),
        ),
      )
  }

  /** Within the caller's transaction. */
  prune(cluster: Digest, decidedHeight: number): void {
    this.#prune.run(fromHex(cluster), decidedHeight)
    this.#pruneBodies.run(fromHex(cluster), decidedHeight)
  }

  #readBody(cluster: Digest, height: number, hash: Digest): Uint8Array {
    const row = this.#body.get(fromHex(cluster), height, fromHex(hash))
    if (row === undefined) throw new BadRecord('body missing')
    return this.#open(bodyKey(cluster, height, hash), row['record'], (bytes) => new Uint8Array(bytes))
  }
}
