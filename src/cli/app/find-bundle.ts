import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findStoredBundle } from '../../adapters/evm/bundle-store.ts'
import { loadEngine } from '../../adapters/sandbox/load-engine.ts'
import type { Connection } from '../../adapters/evm/connection.ts'
import { Bundle } from '../../sandbox/bundle.ts'
import { PROFILE } from '../../sandbox/profile.ts'
import { bundleId, bundleIdOf } from '../../sandbox/sandbox.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { BodySource } from '../../ports/body-source.ts'
import type { Address, Digest } from '../../types/ids.ts'
import { fromMirror } from './bundle-mirror.ts'

export interface FoundBundle {
  readonly bytes: Uint8Array
  /** A file, or the chain. */
  readonly from: string
  /** Who has published it on the chain that was asked. */
  readonly authors: readonly Address[]
}

/**
 * The bytes behind a bundle's id: from folders, then from the chain's BundleStore, then from the operator's mirror. Whatever has another hash is not it,
 * so nobody who keeps bundles needs to be trusted. Null if nobody has them.
 */
export async function findBundle(
  id: Digest,
  folders: readonly string[],
  connection: Connection,
  mirror?: string,
): Promise<FoundBundle | null> {
  const { hash } = loadEngine()
  const stored = await findStoredBundle(connection, (content) => bundleIdOf(hash, content) === id)
  const authors = stored?.authors ?? []
  for (const folder of folders) {
    for (const file of await filesOf(folder)) {
      const bytes = new Uint8Array(await readFile(file))
      if (bytes.length <= PROFILE.bundleBytesMax && bundleId(hash, bytes) === id)
        return { bytes, from: file, authors }
    }
  }
  if (stored !== null) return { bytes: stored.bytes, from: 'BundleStore', authors }
  const mirrored = mirror === undefined ? null : await fromMirror(mirror, id)
  if (mirrored === null) return null
  if (bundleId(hash, mirrored) === id) return { bytes: mirrored, from: 'mirror', authors }
  throw refused(id, 'what the mirror has under its id', { id })
}

/**
 * Folders that hold bundles, and not the one that was looked for: who named them meant them.
 *
 * @returns nothing if they are empty
 */
export async function refusedBundles(id: Digest, folders: readonly string[]): Promise<RsdpError | null> {
  const files = (await Promise.all(folders.map(filesOf))).flat()
  if (files.length === 0) return null
  return refused(id, `none of the ${String(files.length)} bundles in ${folders.join(', ')}`, { id, files })
}

function refused(id: Digest, what: string, details: Readonly<Record<string, unknown>>): RsdpError {
  return new RsdpError({
    code: 'E_BUNDLE_REFUSED',
    message: `${what} ${what.startsWith('none') ? 'is' : 'is not'} ${id}: refused`,
    hint: 'its author has the bytes with that hash; without --bundles, --bundle-mirror and --bodies what needs them is unavailable',
    exit: EXIT.mismatch,
    details,
  })
}

/**
 * The bytes behind the id of a task's bundle, from whoever keeps bodies of the task, the first that has them. What cannot be asked, and what has other
 * bytes, is told and left out. Null if nobody has any.
 *
 * @throws RsdpError E_BUNDLE_REFUSED if nothing but other bytes came
 */
export async function bundleFrom(
  sources: readonly BodySource[],
  taskId: bigint,
  id: Digest,
  say: (line: string) => void,
): Promise<Uint8Array | null> {
  const { hash } = loadEngine()
  const others: RsdpError[] = []
  for (const source of sources) {
    try {
      const bytes = await source.bundle(taskId, id)
      if (bytes === null) continue
      if (bytes.length <= PROFILE.bundleBytesMax && bundleId(hash, bytes) === id) return bytes
      others.push(refused(id, `what ${source.name} has as the bundle`, { id, name: source.name }))
      say(`▲ ${others.at(-1)?.message ?? ''}`)
    } catch (error) {
      if (!(error instanceof RsdpError)) throw error
      say(`▲ ${error.message}`)
    }
  }
  const [first] = others
  if (first !== undefined) throw first
  return null
}

/** A bundle that is to be run here. @throws RsdpError E_BUNDLE */
export function openBundle(bytes: Uint8Array): Bundle {
  const opened = Bundle.open(loadEngine(), bytes)
  if (opened.ok) return opened.bundle
  throw new RsdpError({
    code: 'E_BUNDLE',
    message: `the bundle is no reducer: ${opened.code} (${opened.detail})`,
    hint: 'its author made it with rsdp app build; another engine gives it another id',
    exit: EXIT.precondition,
    details: { code: opened.code },
  })
}

export function noBundle(id: string): RsdpError {
  return new RsdpError({
    code: 'E_NO_BUNDLE',
    message: `nobody here has the bytes of bundle ${id}`,
    hint: 'put its file into a folder and name that with --bundles, or have it published: rsdp app publish',
    exit: EXIT.precondition,
    details: { id },
  })
}

async function filesOf(folder: string): Promise<readonly string[]> {
  try {
    const names = await readdir(folder)
    return names.filter((name) => name.endsWith('.js')).map((name) => join(folder, name))
  } catch (cause) {
    throw new RsdpError({
      code: 'E_BUNDLES_DIR',
      message: `${folder} cannot be read`,
      hint: '--bundles names a folder of bundles, files that end in .js',
      exit: EXIT.precondition,
      details: { folder },
      cause,
    })
  }
}
