import { createHash } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { RecordJournal } from '../../ports/record-journal.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { syncDirectory } from './sync-directory.ts'

const SUM_BYTES = 16
const NO_SUM = new Uint8Array(SUM_BYTES)

/**
 * Records in a file of their own. Each row carries a sum over itself and the row before: a record that was changed, moved or
 * lost is seen when the file is opened, but for records that are missing at its end.
 */
export class SqliteRecordJournal implements RecordJournal {
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #records: Uint8Array[]
  #sum: Uint8Array = NO_SUM
  #failure: RsdpError | null = null

  /** @throws RsdpError E_RECORDS, also for a file that is damaged */
  constructor(folder: string, name: string) {
    this.#path = join(folder, `${name}.sqlite`)
    this.#database = this.#do('open', () => {
      makeFolder(folder)
      const isNew = !existsSync(this.#path)
      const database = new DatabaseSync(this.#path)
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
      database.exec(
        'CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, record BLOB NOT NULL, sum BLOB NOT NULL) STRICT',
      )
      if (isNew) syncDirectory(folder)
      return database
    })
    try {
      this.#records = this.#do('read', () => this.#checked())
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  read(): readonly Uint8Array[] {
    return this.#records.splice(0)
  }

  append(records: readonly Uint8Array[]): void {
    this.#write(records, this.#sum, '')
  }

  replace(records: readonly Uint8Array[]): void {
    this.#write(records, NO_SUM, 'DELETE FROM records')
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  #write(records: readonly Uint8Array[], from: Uint8Array, first: string): void {
    if (this.#failure !== null) throw this.#failure
    let sum = from
    this.#do('write', () => {
      const insert = this.#database.prepare('INSERT INTO records (record, sum) VALUES (?, ?)')
      this.#database.exec(`BEGIN IMMEDIATE; ${first}`)
      try {
        for (const record of records) {
          sum = sumOf(sum, record)
          insert.run(record, sum)
        }
        this.#database.exec('COMMIT')
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
        throw error
      }
    })
    this.#sum = sum
  }

  /** All records, with their sums compared. */
  #checked(): Uint8Array[] {
    return this.#database
      .prepare('SELECT record, sum FROM records ORDER BY seq')
      .all()
      .map(({ record, sum }) => {
        this.#sum = sumOf(this.#sum, record as Uint8Array)
        if (Buffer.compare(this.#sum, sum as Uint8Array) !== 0) throw new Error('a record is damaged')
        return record as Uint8Array
      })
  }

  #do<T>(doing: 'open' | 'read' | 'write', work: () => T): T {
    try {
      return work()
    } catch (cause) {
      this.#failure = new RsdpError({
        code: 'E_RECORDS',
        message: `cannot ${doing} the records of a copy ${this.#path}: ${(cause as Error).message}`,
        hint: 'the copy stops, others of its service go on; check free space, permissions and the disk',
        exit: EXIT.precondition,
        details: { path: this.#path, doing },
        cause,
      })
      throw this.#failure
    }
  }
}

/** With all names on the disk that lead to it from where something is. */
function makeFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    syncDirectory(dirname(at))
    if (at === first) return
  }
}

function sumOf(before: Uint8Array, record: Uint8Array): Uint8Array {
  return createHash('sha256').update(before).update(record).digest().subarray(0, SUM_BYTES)
}
