import { InvariantError, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Digest } from '../../types/ids.ts'

/** Primary result codes of SQLite that say something about the environment. All others are bugs of ours. */
const SQLITE = {
  perm: 3,
  busy: 5,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  auth: 23,
  notADatabase: 26,
} as const
const ENVIRONMENT = new Set<number>(Object.values(SQLITE))

/** The primary SQLite result code of an exception, or null if SQLite did not throw it. */
function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode & 0xff
}

/** What was being done. While a store is opened, a statement that SQLite refuses means that tables are missing. */
type Doing = 'open' | 'read' | 'write'

/** What the caller is told about an exception thrown while the store at `path` was used. Errors of ours stay. */
export function storeError(error: unknown, path: string, doing: Doing): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  if (code === SQLITE.busy) return lockedError(path, error)
  if (code === SQLITE.corrupt || code === SQLITE.notADatabase) return corruptError(path, undefined, error)
  if (ENVIRONMENT.has(code)) return diskError(path, doing, error)
  if (doing === 'open') return corruptError(path, 'tables are missing', error)
  return new InvariantError('SQLite refused a statement', { cause: error })
}

export function lockedError(path: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_LOCKED',
    message: `another process, or another node of this one, uses ${path}`,
    hint: 'stop it first, or give this node a data directory of its own',
    exit: EXIT.busy,
    details: { path },
    cause,
  })
}

export function corruptError(
  path: string,
  what = 'it is not a readable database',
  cause?: unknown,
): RsdpError {
  return new RsdpError({
    code: 'E_STORE_CORRUPT',
    message: `the store ${path} is damaged: ${what}`,
    hint:
      'start the node again: it sets the damaged store aside, and signs nothing that it may have signed before ' +
      '(docs/disks.md)',
    exit: EXIT.precondition,
    details: { path },
    cause,
  })
}

export function versionError(path: string, found: number, known: number): RsdpError {
  return new RsdpError({
    code: 'E_STORE_VERSION',
    message: `the store ${path} has schema ${found}; this version knows ${known}`,
    hint: 'run the version that wrote it, or a newer one',
    exit: EXIT.precondition,
    details: { path, found, known },
  })
}

/** @param which what differs from what the store was made for */
export function foreignError(
  path: string,
  which: 'key' | 'deployment',
  found: Digest,
  wanted: Digest,
): RsdpError {
  return new RsdpError({
    code: 'E_STORE_FOREIGN',
    message: `the store ${path} belongs to ${which} ${found}, not to ${wanted}`,
    hint:
      which === 'key'
        ? 'give every signing key a data directory of its own'
        : 'was the local chain restarted? then use a new data directory; else check which deployment is configured',
    exit: EXIT.precondition,
    details: { path, which, found, wanted },
  })
}

export function diskError(path: string, doing: Doing, cause: unknown): RsdpError {
  const reason = cause instanceof Error ? cause.message : 'unknown reason'
  return new RsdpError({
    code: doing === 'read' ? 'E_STORE_READ' : 'E_STORE_WRITE',
    message: `cannot ${doing} the store ${path}: ${reason}`,
    hint: 'the node signs nothing any more; check free space, permissions and the disk, then start it again',
    exit: EXIT.precondition,
    details: { path },
    cause,
  })
}
