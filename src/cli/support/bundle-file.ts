import { lstatSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { writeWholeFile } from '../../adapters/system/write-file.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { diskFault } from '../disk-fault.ts'
import type { TarEntry } from './tar.ts'
import { tarOf } from './tar.ts'

/**
 * Refuses a file that is there, unless it is to be replaced, and a folder that is not.
 *
 * @throws RsdpError E_FILE_EXISTS, E_FILE_WRITE
 */
export function requireRoomFor(path: string, force: boolean): void {
  const folder = dirname(resolve(path))
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw unwritable(path, 'no such folder')
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found !== undefined && !(force && found.isFile())) throw exists(path, found.isFile())
}

/**
 * Writes a gzipped tar archive, mode 0600: whole, or nothing stays.
 *
 * @returns its bytes
 * @throws RsdpError E_FILE_EXISTS, E_FILE_WRITE
 */
export function writeBundle(path: string, entries: readonly TarEntry[], force: boolean): number {
  const bytes = gzipSync(tarOf(entries, new Date()), { level: 9 })
  try {
    writeWholeFile(path, bytes, { mode: 0o600, replace: force })
  } catch (cause) {
    const { code = 'unknown reason' } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(path, true)
    throw unwritable(path, code, diskFault(cause)?.hint, cause)
  }
  return bytes.length
}

function exists(path: string, isFile: boolean): RsdpError {
  return new RsdpError({
    code: 'E_FILE_EXISTS',
    message: isFile ? `${path} exists` : `${path} exists and is not a file`,
    hint: isFile
      ? 'name another file with --out, or replace it with --force'
      : 'name another file with --out',
    exit: EXIT.precondition,
    details: { path },
  })
}

function unwritable(path: string, why: string, hint?: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_FILE_WRITE',
    message: `cannot write ${path}: ${why}`,
    hint: hint ?? 'name another file with --out',
    exit: EXIT.precondition,
    details: { path },
    cause,
  })
}
