import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { fromHex } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest } from '../../types/ids.ts'
import type { LogEntry } from '../../types/log.ts'
import { readLogEntry, writeLogEntry } from './records.ts'
import { seal } from './seal.ts'
import type { OpenRecord } from './seal.ts'

const recordKey = (cluster: Digest, height: unknown, seq: unknown): string =>
  `log/${cluster}/${String(height)}/${String(seq)}`

/**
 * Own phase logs, one per cluster, only ever appended to. An entry is identified by (height, seq): the height tells
 * the epoch, and seq is unique within it.
 */
export class LogTable {
  readonly #open: OpenRecord
  readonly #at: StatementSync
  readonly #last: StatementSync
  readonly #insert: StatementSync
  readonly #epoch: StatementSync
  readonly #between: StatementSync

  constructor(database: DatabaseSync, open: OpenRecord) {
    this.#open = open
    this.#at = database.prepare('SELECT record FROM log WHERE cluster = ? AND height = ? AND seq = ?')
    this.#last = database.prepare(
      'SELECT height, seq FROM log WHERE cluster = ? ORDER BY height DESC, seq DESC LIMIT 1',
    )
    this.#insert = database.prepare('INSERT INTO log (cluster, height, seq, record) VALUES (?, ?, ?, ?)')
    this.#epoch = database.prepare(
      `SELECT height, seq, record FROM log WHERE cluster = :cluster AND height >=
         (SELECT height FROM log WHERE cluster = :cluster AND seq = 1 ORDER BY height DESC LIMIT 1)
       ORDER BY height, seq`,
    )
    this.#between = database.prepare(
      `SELECT height, seq, record FROM log WHERE cluster = ? AND height BETWEEN ? AND ? ORDER BY height, seq`,
    )
  }

  /**
   * Appends, within the caller's transaction, the entries that are not stored yet. A log with two different entries in
   * one place, or with a gap, would convict its owner: InvariantError.
   */
  append(cluster: Digest, entries: readonly LogEntry[]): void {
    const id = fromHex(cluster)
    let last = this.#last.get(id) as { height: number; seq: number } | undefined
    for (const entry of entries) {
      const { height, seq } = entry
      const record = writeLogEntry(entry)
      const stored = this.#at.get(id, height, seq)
      if (stored !== undefined) {
        const bytes = this.#open(recordKey(cluster, height, seq), stored['record'], (found) => found)
        invariant(
          Buffer.compare(bytes, record) === 0,
          `log entry ${height}/${seq} is stored with other content`,
        )
        continue
      }
      invariant(isSuccessor(last, entry), `log entry ${height}/${seq} does not follow the last one`)
      this.#insert.run(id, height, seq, seal(recordKey(cluster, height, seq), record))
      last = entry
    }
  }

  /** Entries of the epoch of the last one, in order. */
  runningEpoch(cluster: Digest): LogEntry[] {
    return this.#epoch.all({ cluster: fromHex(cluster) }).map((row) => this.#entry(cluster, row))
  }

  /** Entries of some heights, in order. */
  heights(cluster: Digest, first: number, last: number): LogEntry[] {
    return this.#between.all(fromHex(cluster), first, last).map((row) => this.#entry(cluster, row))
  }

  #entry(cluster: Digest, row: Record<string, SQLOutputValue>): LogEntry {
    return this.#open(recordKey(cluster, row['height'], row['seq']), row['record'], readLogEntry)
  }
}

/** Within an epoch seq counts on and the height never falls; a greater height may start an epoch. */
function isSuccessor(last: { height: number; seq: number } | undefined, next: LogEntry): boolean {
  if (last === undefined) return next.seq === 1
  return next.seq === 1 ? next.height > last.height : next.seq === last.seq + 1 && next.height >= last.height
}
