import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'
import { keccak } from '../../codec/hex.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest } from '../../types/ids.ts'
import { pageHtml } from './page-html.ts'

/** The dashboard's page, one file. */
export interface BuiltPage {
  readonly html: string
  readonly sha256: Digest
  readonly keccak256: Digest
  /** Bytes of its parts before they are put together. */
  readonly parts: { readonly page: string; readonly worker: string }
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** The same bytes on every machine: a pinned compiler, and nothing of the files’ places. */
const COMMON: BuildOptions = {
  bundle: true,
  write: false,
  logLevel: 'silent',
  legalComments: 'none',
  charset: 'ascii',
  minify: true,
  platform: 'browser',
  target: 'es2023',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  tsconfigRaw: '{}',
}

/**
 * Builds the page from its sources. Rejects with esbuild's BuildFailure.
 *
 * @param root folder of the repository, with a slash at its end
 */
export async function buildPage(root = ROOT): Promise<BuiltPage> {
  const folder = `${root}src/dashboard/page/`
  const worker = await bundle(root, `${folder}worker.ts`, 'iife')
  const script = await bundle(root, `${folder}main.tsx`, 'esm')
  const style = await bundle(root, `${folder}style.css`, 'esm')
  const policy = [
    "default-src 'none'",
    `script-src 'sha256-${sha256(script, 'base64')}'`,
    `style-src 'sha256-${sha256(style, 'base64')}'`,
    "connect-src 'self' http: https:",
    'worker-src blob:',
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const fill = (program: string): string => pageHtml({ policy, style, worker: program, script })
  const html = fill(worker)
  return {
    html,
    sha256: `0x${sha256(html, 'hex')}`,
    keccak256: keccak(new TextEncoder().encode(html)),
    parts: { page: fill(''), worker },
  }
}

async function bundle(root: string, entry: string, format: 'iife' | 'esm'): Promise<string> {
  const { outputFiles } = await build({
    ...COMMON,
    absWorkingDir: root,
    entryPoints: [entry],
    format,
    plugins: [replacements(root)],
  })
  const [file] = outputFiles ?? []
  invariant(file !== undefined, 'a bundle is one file')
  const text = file.text.trimEnd()
  invariant(!/<\/(script|style)/i.test(text), 'a bundle does not end the element that it lies in')
  return text
}

/** Puts the contracts' interfaces in the place of the module that reads them from files, and leaves out what is not said. */
function replacements(root: string): Plugin {
  return {
    name: 'replacements',
    setup: (setup) => {
      setup.onLoad({ filter: /\/adapters\/evm\/artifact\.ts$/ }, () => {
        const abis = Object.fromEntries(
          interfacesRead(root).map((name) => {
            const file = `${root}artifacts/contracts/${name}.json`
            const { abi } = JSON.parse(readFileSync(file, 'utf8')) as { readonly abi: unknown }
            return [name, { abi }]
          }),
        )
        const contents = `const all = ${JSON.stringify(abis)}\nexport const readArtifact = (name) => all[name]`
        return { contents, loader: 'js' }
      })
      // errors in fifty languages are three quarters of zod
      setup.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, () => ({
        contents: "export { default as en } from './en.js'",
        loader: 'js',
      }))
    },
  }
}

/** What the module of interfaces loads, below `contracts`: `TaskBoard.sol/TaskBoard`. */
function interfacesRead(root: string): string[] {
  const source = readFileSync(`${root}src/adapters/evm/abi.ts`, 'utf8')
  const names = [...source.matchAll(/\bload\('([\w./]+)'\)/g)].flatMap(([, name]) => name ?? [])
  invariant(
    names.length > 0 && names.length === source.match(/\bload\(/g)?.length,
    'every interface is named',
  )
  return names
}

const sha256 = (text: string, encoding: 'base64' | 'hex'): string =>
  createHash('sha256').update(text).digest(encoding)
