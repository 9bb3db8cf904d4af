import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Names in a directory reach the disk with it, not with the files. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}
