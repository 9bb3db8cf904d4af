import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type {
  CommandAnswer,
  CommandJournal,
  JournaledCommand,
  SettledCommand,
} from '../../ports/command-journal.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest } from '../../types/ids.ts'
import { syncDirectory } from './sync-directory.ts'

/** Answers that are kept for who asks again. */
const ANSWERS_MAX = 1_024
/** Sessions fit into 20 decimal digits; written so, they sort as numbers. */
const digits = (session: bigint): string => session.toString().padStart(20, '0')

/** The commands of one task in a file of their own, in `commands` of a node's data directory. */
export class SqliteCommandJournal implements CommandJournal {
  readonly #path: string
  readonly #database: DatabaseSync

  constructor(dataDir: string, cluster: Digest) {
    const dir = join(dataDir, 'commands')
    this.#path = join(dir, `${cluster.slice(2, 34)}.sqlite`)
    this.#database = this.#do('open', () => {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      const isNew = !existsSync(this.#path)
      const database = new DatabaseSync(this.#path)
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
      database.exec(
        `CREATE TABLE IF NOT EXISTS commands (session TEXT NOT NULL, seq INTEGER NOT NULL, command BLOB NOT NULL,
          request TEXT UNIQUE, since INTEGER NOT NULL, height INTEGER, result BLOB, PRIMARY KEY (session, seq)) STRICT`,
      )
      const columns = database.prepare('PRAGMA table_info(commands)').all()
      // files of before there were lines have none
      if (!columns.some(({ name }) => name === 'for_line'))
        database.exec('ALTER TABLE commands ADD COLUMN for_line INTEGER NOT NULL DEFAULT 0')
      if (isNew) syncDirectory(dir)
      return database
    })
  }

  last(): { readonly session: bigint; readonly seq: number } | null {
    const row = this.#do('read', () =>
      this.#database
        .prepare('SELECT session, seq FROM commands ORDER BY session DESC, seq DESC LIMIT 1')
        .get(),
    )
    return row === undefined ? null : { session: BigInt(String(row['session'])), seq: Number(row['seq']) }
  }

  add({ session, seq, command, request, since, isForLine }: JournaledCommand): void {
    this.#do('write', () =>
      this.#database
        .prepare(
          'INSERT INTO commands (session, seq, command, request, since, for_line) VALUES (?, ?, ?, ?, ?, ?)',
        )
        .run(digits(session), seq, command, request, since, isForLine ? 1 : 0),
    )
  }

  pending(): readonly JournaledCommand[] {
    return this.#do('read', () =>
      this.#database
        .prepare('SELECT * FROM commands WHERE height IS NULL ORDER BY session, seq')
        .all()
        .map(({ session, seq, command, request, since, for_line: forLine }) => ({
          session: BigInt(String(session)),
          seq: Number(seq),
          command: command as Uint8Array,
          request: request as string | null,
          since: Number(since),
          isForLine: forLine === 1,
        })),
    )
  }

  settle(answers: readonly SettledCommand[]): void {
    this.#do('write', () => {
      const keep = this.#database.prepare(
        'UPDATE commands SET height = ?, result = ? WHERE session = ? AND seq = ?',
      )
      const forget = this.#database.prepare(
        `DELETE FROM commands WHERE rowid IN (SELECT rowid FROM commands WHERE height IS NOT NULL
          ORDER BY session DESC, seq DESC LIMIT -1 OFFSET ?)`,
      )
      this.#database.exec('BEGIN')
      try {
        for (const { session, seq, height, result } of answers) keep.run(height, result, digits(session), seq)
        forget.run(ANSWERS_MAX)
        this.#database.exec('COMMIT')
      } catch (error) {
        this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  drop(session: bigint, seq: number): void {
    this.#do('write', () =>
      this.#database.prepare('DELETE FROM commands WHERE session = ? AND seq = ?').run(digits(session), seq),
    )
  }

  answered(request: string): CommandAnswer | null {
    const row = this.#do('read', () =>
      this.#database
        .prepare('SELECT height, result FROM commands WHERE request = ? AND height IS NOT NULL')
        .get(request),
    )
    return row === undefined ? null : { height: Number(row['height']), result: row['result'] as Uint8Array }
  }

  close(): void {
    this.#database.close()
  }

  #do<T>(doing: 'open' | 'read' | 'write', work: () => T): T {
    try {
      return work()
    } catch (cause) {
      throw new RsdpError({
        code: 'E_JOURNAL',
        message: `cannot ${doing} the journal of commands ${this.#path}: ${(cause as Error).message}`,
        hint: 'no command is taken without it; check free space, permissions and the disk',
        exit: EXIT.precondition,
        details: { path: this.#path, doing },
        cause,
      })
    }
  }
}
