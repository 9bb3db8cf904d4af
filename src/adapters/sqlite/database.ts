import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, linkSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeFolder } from '../files/make-folder.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { corruptError, diskError, foreignError, storeError, versionError } from './errors.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts'
import { syncDirectory } from './sync-directory.ts'

/** A database file begins with a header of this length. */
const HEADER_BYTES = 100

/** Whom a store belongs to. Votes of one key or deployment mean nothing under another. */
export interface Binding {
  /** The node's signing key. */
  readonly key: Address
  /** PhaseLog's deployment id: a restarted local chain has the same chain id and addresses, but another id. */
  readonly deploymentId: Digest
}

export interface OpenDatabase {
  /** It was made just now. */
  readonly isNew: boolean
  readonly database: DatabaseSync
  readonly path: string
}

/**
 * Opens the store of a data directory, made (mode 0700) if it does not exist, and locks it until it is closed or the
 * process ends, however it ends. The lock is SQLite's own on the database file: nothing else in the process may open
 * and close that file, or the system drops the lock.
 *
 * @throws RsdpError E_LOCKED, E_STORE_FOREIGN, E_STORE_VERSION, E_STORE_CORRUPT, or E_STORE_WRITE if the directory
 * cannot be written. What was there is then unchanged.
 */
export function openDatabase(dataDir: string, binding: Binding): OpenDatabase {
  const path = join(resolve(dataDir), 'store.sqlite')
  let database: DatabaseSync | null = null
  try {
    makeFolder(dataDir, 0o700)
    const isNew = !existsSync(path)
    if (isNew) create(path, binding)
    // SQLite would take it for a new database. Asked without opening it: see above
    if (statSync(path).size < HEADER_BYTES) throw corruptError(path, 'it is too short')
    database = connect(path)
    checkVersion(database, path)
    lock(database)
    checkContent(database, path, binding)
    return { database, path, isNew }
  } catch (error) {
    database?.close()
    throw isFileError(error) ? diskError(path, 'open', error) : storeError(error, path, 'open')
  }
}

/**
 * Makes a store under another name and links it into place when it is complete and on the disk. So an empty or short
 * file under the final name is always damage, never a start that was interrupted, and of two processes that start
 * at once one wins.
 */
function create(path: string, { key, deploymentId }: Binding): void {
  // SQLite would replay the log of the file that is gone
  if (existsSync(`${path}-wal`))
    throw corruptError(path, 'it is gone, but its write-ahead log is still there')
  const draft = `${path}.new-${randomBytes(6).toString('hex')}`
  closeSync(openSync(draft, 'wx', 0o600)) // SQLite would make it readable for everybody
  try {
    const database = connect(draft)
    try {
      lock(database)
      database.exec(`BEGIN IMMEDIATE; ${SCHEMA}`)
      database.prepare('INSERT INTO binding (id, key, deployment) VALUES (1, ?, ?)').run(key, deploymentId)
      database.exec('COMMIT')
    } finally {
      database.close()
    }
    linkSync(draft, path)
  } catch (error) {
    if (!isFileError(error) || error.code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  syncDirectory(dirname(path))
  syncDirectory(dirname(dirname(path)))
}

/** A connection that keeps every lock it takes and waits for none. */
function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 })
  // before anything is read: then the index of the write-ahead log is kept in this process alone
  database.exec('PRAGMA locking_mode = EXCLUSIVE')
  return database
}

/** Takes the file's lock; from here on a commit has reached the disk when it returns. */
function lock(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL')
  // fullfsync is what it takes on macOS
  database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON')
  database.exec('BEGIN IMMEDIATE; COMMIT')
}

/** Reads only: somebody else's database stays as it is. */
function checkVersion(database: DatabaseSync, path: string): void {
  const application = database.prepare('PRAGMA application_id').get()?.['application_id']
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
  if (application !== APPLICATION_ID) throw corruptError(path, 'it is not a store of this program')
  if (version !== SCHEMA_VERSION) throw versionError(path, version, SCHEMA_VERSION)
}

function checkContent(database: DatabaseSync, path: string, binding: Binding): void {
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check']
  if (verdict !== 'ok') throw corruptError(path, String(verdict))
  const found = database.prepare('SELECT key, deployment FROM binding').get()
  if (found === undefined) throw corruptError(path, 'it does not say whose it is')
  const key = found['key'] as Address
  const deployment = found['deployment'] as Digest
  if (key !== binding.key) throw foreignError(path, 'key', key, binding.key)
  if (deployment !== binding.deploymentId)
    throw foreignError(path, 'deployment', deployment, binding.deploymentId)
}

export function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
