import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../files/make-folder.ts'
import { requireReplaceable } from '../files/regular-file.ts'

export interface WriteOptions {
  readonly mode?: number
  /** False: a file that is there stays, and the call throws EEXIST. */
  readonly replace: boolean
}

/**
 * Writes a file, with its folder: whole and on the disk when this returns, or not at all. A link leads to the file that is
 * replaced; what is no regular file stays. Throws the system's error.
 */
export function writeWholeFile(
  named: string,
  content: string | Uint8Array,
  { mode = 0o666, replace }: WriteOptions,
): void {
  if (replace) requireReplaceable(named)
  const path = replace && existsSync(named) ? realpathSync(named) : named
  makeFolder(dirname(path), 0o700)
  const draft = `${path}.${process.pid}.tmp`
  let file: number | null = null
  try {
    file = openSync(draft, 'wx', mode)
    const bytes = Buffer.from(content)
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
    fsyncSync(file)
    if (replace) renameSync(draft, path)
    else linkSync(draft, path)
  } finally {
    if (file !== null) {
      closeSync(file)
      rmSync(draft, { force: true })
    }
  }
}
