import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { keccak } from '../../codec/hex.ts'
import type { Digest } from '../../types/ids.ts'

/** The page as it is served: its bytes, and what they hash to. */
export interface PageFile {
  readonly html: string
  readonly sha256: Digest
  readonly keccak256: Digest
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Where the package has it, built; below the folder that `src` lies in. */
export const SHIPPED = 'page/index.html'
const CACHE = '.page/'

/**
 * The dashboard's page: the one that the package ships, or, in the repository, one that is built of the sources as they are.
 * It is built once, and kept in `.page`. Rejects with esbuild's BuildFailure.
 */
export async function pageFile(): Promise<PageFile> {
  if (extname(import.meta.url) === '.js') return hashed(readFileSync(ROOT + SHIPPED, 'utf8'))
  const file = `${ROOT}${CACHE}${keyOf(ROOT)}.html`
  if (existsSync(file)) return hashed(readFileSync(file, 'utf8'))
  const { buildPage } = await import('./build-page.ts')
  const { html } = await buildPage()
  // its process would stay as long as this one
  const { stop } = await import('esbuild')
  await stop()
  keep(file, html)
  return hashed(html)
}

/** What a deployment file says of the dashboard's page: its hashes, without the page itself. */
export async function pinOfPage(): Promise<Omit<PageFile, 'html'>> {
  const { sha256, keccak256 } = await pageFile()
  return { sha256, keccak256 }
}

/** Hashes of a page, of its UTF-8 bytes. */
export function hashed(html: string): PageFile {
  const bytes = new TextEncoder().encode(html)
  const sha256: Digest = `0x${createHash('sha256').update(bytes).digest('hex')}`
  return { html, sha256, keccak256: keccak(bytes) }
}

/** Of everything that a page can be made of. */
function keyOf(root: string): string {
  const hash = createHash('sha256')
  const files = globSync(['src/**/*.{ts,tsx,css}', 'artifacts/contracts/*.sol/*.json', 'package-lock.json'], {
    cwd: root,
  })
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(root + file))
  return hash.digest('hex').slice(0, 16)
}

function keep(file: string, html: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(`${file}.${process.pid}`, html)
    renameSync(`${file}.${process.pid}`, file)
  } catch {
    // a repository that cannot be written: built again the next time
  }
}
