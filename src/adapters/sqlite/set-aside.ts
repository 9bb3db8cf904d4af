import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RsdpError } from '../../types/errors.ts'
import type { Store } from '../../ports/store.ts'
import type { StoreOptions } from './store.ts'
import { openStore } from './store.ts'
import { syncDirectory } from './sync-directory.ts'

const MARKER = 'store.damaged'
const FILES = ['store.sqlite', 'store.sqlite-wal', 'store.sqlite-shm']

/** Whether an error says that the store itself is damaged, not that it is in use or cannot be reached. */
export function isDamage(error: unknown): boolean {
  return error instanceof RsdpError && error.code === 'E_STORE_CORRUPT'
}

/** Damage was found while the store was used: the next start sets it aside. */
export function markDamaged(dataDir: string): void {
  writeFileSync(join(dataDir, MARKER), 'found while the node ran\n', { mode: 0o600 })
}

/**
 * Opens the store of a data directory. One that is damaged is set aside, whole, and a new one begun: its seal stays, so the
 * new one knows how high the old one has signed.
 *
 * @param told where the damaged one is, and what is wrong with it
 */
export function openOrBegin(options: StoreOptions, told: (where: string, why: string) => void): Store {
  const { dataDir } = options
  if (existsSync(join(dataDir, MARKER))) {
    told(setAside(dataDir), 'damage was found while the node ran')
    rmSync(join(dataDir, MARKER))
    return openStore(options)
  }
  try {
    return openStore(options)
  } catch (error) {
    if (!isDamage(error)) throw error
    told(setAside(dataDir), (error as RsdpError).message)
    return openStore(options)
  }
}

/** Moves the files of a store into a folder of their own. Nothing is deleted. */
function setAside(dataDir: string): string {
  const taken = readdirSync(dataDir).filter((name) => name.startsWith('damaged-')).length
  const folder = join(dataDir, `damaged-${String(taken + 1)}`)
  mkdirSync(folder, { mode: 0o700 })
  for (const name of FILES) {
    const path = join(dataDir, name)
    if (existsSync(path)) renameSync(path, join(folder, name))
  }
  syncDirectory(folder)
  syncDirectory(dataDir)
  return folder
}
