import { mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/**
 * Makes a folder and those above it that are missing, one after the other: Node's own way does not come to an end in a file system
 * that takes no folders, as /proc. Throws the system's error.
 *
 * @param mode of those that are made
 */
export function makeFolder(path: string, mode = 0o777): void {
  const missing: string[] = []
  let at = resolve(path)
  for (; statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) missing.unshift(at)
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode })
    } catch (error) {
      // somebody else was quicker
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}
