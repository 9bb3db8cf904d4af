import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Intent, TxJournal } from '../../ports/tx-journal.ts'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { readIntent, writeIntent } from './intent-record.ts'
import { seal, unseal } from './seal.ts'

const POLL_MS = 100
/** SQLite's result code for a file that somebody else has locked. */
const BUSY = 5
/** A database file begins with a header of this length. */
const HEADER_BYTES = 100

export interface TxJournalOf {
  /** Folder of journals; made (mode 0700) if it does not exist. */
  readonly dir: string
  readonly chainId: number
  /** What tells a chain from another one with the same id, such as a local one that was started again; else null. */
  readonly deploymentId: Digest | null
  readonly account: Address
}

/**
 * The transaction journal of an account as a file that its user's processes share. The lock is SQLite's own on the file,
 * from `lock` to `unlock`.
 */
export class SqliteTxJournal implements TxJournal {
  readonly path: string
  #database: DatabaseSync | null = null

  constructor({ dir, chainId, deploymentId, account }: TxJournalOf) {
    const chain = deploymentId === null ? `${chainId}` : `${chainId}-${deploymentId.slice(2, 18)}`
    this.path = join(resolve(dir), `${chain}-${account}.sqlite`)
  }

  async lock(waitMs: number): Promise<void> {
    const deadline = performance.now() + waitMs
    while (this.#database === null) {
      this.#database = this.#open()
      if (this.#database !== null) return
      if (performance.now() >= deadline) throw this.#busy()
      await sleep(POLL_MS)
    }
  }

  unlock(): void {
    this.#database?.close()
    this.#database = null
  }

  intents(): readonly Intent[] {
    return this.#do('read', (database) =>
      database
        .prepare('SELECT nonce, record FROM intents ORDER BY nonce')
        .all()
        .map(({ nonce, record }) => {
          const bytes = record instanceof Uint8Array ? unseal(String(nonce), record) : null
          const intent = bytes === null ? null : readIntent(bytes)
          if (intent !== null && intent.nonce === nonce) return intent
          throw new Error(`the record of nonce ${String(nonce)} is damaged`)
        }),
    )
  }

  put(intent: Intent): void {
    const record = seal(String(intent.nonce), writeIntent(intent))
    this.#do('write', (database) =>
      database.prepare('REPLACE INTO intents (nonce, record) VALUES (?, ?)').run(intent.nonce, record),
    )
  }

  remove(nonce: number): void {
    this.#do('write', (database) => database.prepare('DELETE FROM intents WHERE nonce = ?').run(nonce))
  }

  /** Null if another process has it. */
  #open(): DatabaseSync | null {
    let database: DatabaseSync | null = null
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 })
      if (!existsSync(this.path)) create(this.path)
      // SQLite would take it for a new database
      if (statSync(this.path).size < HEADER_BYTES) throw new Error('it is too short')
      database = connect(this.path)
      const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
      if (verdict !== 'ok') throw new Error(String(verdict))
      return database
    } catch (error) {
      database?.close()
      if (isBusy(error)) return null
      throw this.#failed('open', error)
    }
  }

  #do<T>(doing: 'read' | 'write', work: (database: DatabaseSync) => T): T {
    const database = this.#database
    invariant(database !== null, 'the journal is locked while it is used')
    try {
      return work(database)
    } catch (error) {
      throw this.#failed(doing, error)
    }
  }

  #failed(doing: 'open' | 'read' | 'write', cause: unknown): RsdpError {
    return new RsdpError({
      code: 'E_JOURNAL',
      message: `cannot ${doing} the transaction journal ${this.path}: ${(cause as Error).message}`,
      hint:
        'nothing is sent without it; check free space, permissions and the disk. If the file is damaged, move it ' +
        'away only once a block explorer shows no pending transaction of this account',
      exit: EXIT.precondition,
      details: { path: this.path, doing },
      cause,
    })
  }

  #busy(): RsdpError {
    return new RsdpError({
      code: 'E_KEY_BUSY',
      message: `another process sends from this account (it holds ${this.path})`,
      hint: 'wait until it is done; nothing was sent',
      exit: EXIT.busy,
      details: { path: this.path },
    })
  }
}

/** Made under another name and linked when it is complete: a short file under the final name is always damage. */
function create(path: string): void {
  const draft = `${path}.new-${randomBytes(6).toString('hex')}`
  closeSync(openSync(draft, 'wx', 0o600))
  try {
    const database = connect(draft)
    try {
      database.exec('CREATE TABLE intents (nonce INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT')
    } finally {
      database.close()
    }
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  const directory = openSync(dirname(path), 'r')
  fsyncSync(directory)
  closeSync(directory)
}

/** Takes the file's lock; it is held until the database is closed. What was committed is on the disk. */
function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE')
    database.exec('PRAGMA synchronous = EXTRA; PRAGMA fullfsync = ON')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === BUSY
}
