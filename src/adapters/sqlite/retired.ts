import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { diskError } from './errors.ts'
import { syncDirectory } from './sync-directory.ts'

/** Its presence says that the store signs no more. */
const MARKER = 'store.retired'

/** The store of a data directory signs no more; on the disk when it returns. */
export function retire(dataDir: string): void {
  const path = join(dataDir, MARKER)
  try {
    const descriptor = openSync(path, 'w', 0o600)
    fsyncSync(descriptor)
    closeSync(descriptor)
    syncDirectory(dataDir)
  } catch (cause) {
    throw diskError(path, 'write', cause)
  }
}

/** @throws RsdpError E_STORE_RETIRED */
export function requireInUse(dataDir: string): void {
  if (!existsSync(join(dataDir, MARKER))) return
  throw new RsdpError({
    code: 'E_STORE_RETIRED',
    message: `what was signed in ${dataDir} was exported: its key signs elsewhere`,
    hint: `if the file was never imported anywhere, delete ${MARKER} and store.seal there: the node then waits for proof`,
    exit: EXIT.precondition,
    details: { dataDir },
  })
}
