import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'

/** What a data directory has at least one of. */
const MARKS = ['key', 'store.sqlite', 'node.log']

/** Refuses a folder that is not there, or that no node has used. @throws RsdpError E_DATA_DIR */
export function requireDataDir(dataDir: string): void {
  const isFolder = statSync(dataDir, { throwIfNoEntry: false })?.isDirectory() === true
  if (isFolder && MARKS.some((name) => existsSync(join(dataDir, name)))) return
  throw new RsdpError({
    code: 'E_DATA_DIR',
    message: isFolder
      ? `${dataDir} holds neither a key nor a store nor a log of a node`
      : `there is no folder ${dataDir}`,
    hint: 'name the data directory of a node with --data-dir; rsdp node init makes one',
    exit: EXIT.precondition,
    details: { dataDir },
  })
}
