import { createHash } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { diskError } from './errors.ts'
import { isFileError } from './database.ts'
import type { StoreOptions } from './store.ts'
import { openStore } from './store.ts'
import { syncDirectory } from './sync-directory.ts'
import { makeFolder } from '../files/make-folder.ts'
import { readRegularFile } from '../files/regular-file.ts'

const MANIFEST = 'manifest.json'
const STORE = 'store.sqlite'
/** Taken along if it is there; the key is encrypted, or a local chain's. Never the seal: a restored store has to prove itself. */
const OTHERS = ['key', 'policy.json'] as const

const text = (pattern: RegExp) => z.string().regex(pattern)
const schema = z.strictObject({
  format: z.literal('rsdp-backup'),
  version: z.literal(1),
  createdAt: z.string(),
  key: text(/^0x[0-9a-f]{40}$/),
  deploymentId: text(/^0x[0-9a-f]{64}$/),
  /** SHA-256 of each file, hex. */
  files: z.partialRecord(z.enum([STORE, ...OTHERS]), text(/^[0-9a-f]{64}$/)),
})
export type BackupManifest = z.infer<typeof schema>

/**
 * Writes a backup of a stopped node's data directory into a folder that does not exist yet. It appears whole or not at all.
 *
 * @throws RsdpError E_FILE_EXISTS, E_STORE_WRITE and those of `openStore`
 */
export function createBackup(options: StoreOptions, folder: string): BackupManifest {
  requireAbsent(folder)
  const { dataDir, key, deploymentId } = options
  const store = openStore(options)
  const drafts: string[] = []
  try {
    return onDisk(folder, () => {
      makeFolder(dirname(resolve(folder)), 0o700)
      const draft = mkdtempSync(`${resolve(folder)}.new-`)
      drafts.push(draft)
      store.copyTo(join(draft, STORE))
      chmodSync(join(draft, STORE), 0o600)
      for (const name of OTHERS)
        if (existsSync(join(dataDir, name))) copyFileSync(join(dataDir, name), join(draft, name))
      const names = [STORE, ...OTHERS].filter((name) => existsSync(join(draft, name)))
      const files = Object.fromEntries(names.map((name) => [name, sumOf(join(draft, name))]))
      const createdAt = new Date().toISOString()
      const manifest = schema.parse({
        format: 'rsdp-backup',
        version: 1,
        createdAt,
        key,
        deploymentId,
        files,
      })
      writeFileSync(join(draft, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 })
      for (const name of [...names, MANIFEST]) syncFile(join(draft, name))
      syncDirectory(draft)
      renameSync(draft, folder)
      syncDirectory(dirname(resolve(folder)))
      return manifest
    })
  } finally {
    store.close()
    for (const draft of drafts) rmSync(draft, { recursive: true, force: true })
  }
}

/** Checks every file of a backup, and every record of the store in it. @throws RsdpError E_BACKUP, E_STORE_CORRUPT */
export function verifyBackup(folder: string): BackupManifest {
  const manifest = readManifest(folder)
  for (const name of namesIn(manifest)) {
    const sum = manifest.files[name]
    const path = join(folder, name)
    if (!existsSync(path)) throw badBackup(folder, `${name} is missing`)
    if (onDisk(folder, () => sumOf(path)) !== sum) throw badBackup(folder, `${name} is not what was written`)
  }
  if (manifest.files[STORE] === undefined) throw badBackup(folder, 'it has no store')
  const scratch = mkdtempSync(join(tmpdir(), 'rsdp-backup-'))
  try {
    copyFileSync(join(folder, STORE), join(scratch, STORE))
    const [key, deploymentId] = [manifest.key as Address, manifest.deploymentId as Digest]
    openStore({ dataDir: scratch, key, deploymentId }).close()
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  return manifest
}

/**
 * Puts a backup into a data directory that has neither key nor store. There is no seal: the node counts the store as `lost`,
 * and signs nothing before the others have shown what it signed since.
 *
 * @throws RsdpError also E_FILE_EXISTS, E_STORE_WRITE
 */
export function restoreBackup(folder: string, dataDir: string): BackupManifest {
  const manifest = verifyBackup(folder)
  const names = namesIn(manifest)
  for (const name of [...names, `${STORE}-wal`, 'store.seal', 'store.retired'])
    requireAbsent(join(dataDir, name))
  onDisk(dataDir, () => {
    makeFolder(dataDir, 0o700)
    for (const name of names) {
      const draft = join(dataDir, `${name}.new`)
      copyFileSync(join(folder, name), draft)
      chmodSync(draft, 0o600)
      syncFile(draft)
      renameSync(draft, join(dataDir, name))
    }
    syncDirectory(dataDir)
  })
  return manifest
}

/** The store last: without it a start is one with a new store, which waits, too. */
const namesIn = ({ files }: BackupManifest) =>
  ([...OTHERS, STORE] as const).filter((name) => files[name] !== undefined)

function readManifest(folder: string): BackupManifest {
  try {
    return schema.parse(JSON.parse(readRegularFile(join(folder, MANIFEST)).toString('utf8')))
  } catch (cause) {
    throw badBackup(folder, `${MANIFEST} is missing or not what a backup has`, cause)
  }
}

const sumOf = (path: string): string =>
  createHash('sha256').update(readRegularFile(path, Infinity)).digest('hex')

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function onDisk<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw isFileError(error) ? diskError(path, 'write', error) : error
  }
}

function requireAbsent(path: string): void {
  if (!existsSync(path)) return
  throw new RsdpError({
    code: 'E_FILE_EXISTS',
    message: `${path} exists`,
    hint: 'name another folder; nothing was changed',
    exit: EXIT.precondition,
    details: { path },
  })
}

function badBackup(folder: string, why: string, cause?: unknown): RsdpError {
  return new RsdpError({
    code: 'E_BACKUP',
    message: `${folder} is no whole backup: ${why}`,
    hint: 'use another backup, or none: a new store waits no longer than a restored one',
    exit: EXIT.mismatch,
    details: { folder },
    cause,
  })
}
