import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BuildOptions } from 'esbuild'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
/** `.ts` in the repository, `.js` in the package. */
const sourceFile = (name: string): string => path(`${name}${extname(import.meta.url)}`)
const SERVE = sourceFile('reducers/bundle/serve')
/** What authors import as `rsdp/reducers`. */
export const AUTHOR_ENTRY = sourceFile('entries/reducers')

/** The same bytes on every machine, from the sources and from the package: a pinned compiler, and nothing of the files’ places. */
const COMMON: BuildOptions = {
  bundle: true,
  write: false,
  logLevel: 'silent',
  legalComments: 'none',
  charset: 'ascii',
  target: 'es2023',
  tsconfigRaw: '{}',
}

/**
 * A module that default-exports a Reducer as a bundle for the sandbox. Rejects with esbuild's BuildFailure.
 *
 * @param module absolute path
 * @param exported name under which the module exports the reducer
 */
export async function buildBundle(module: string, exported = 'default'): Promise<Uint8Array> {
  const contents = `
    import { ${exported} as reducer } from ${JSON.stringify(module)}
    import { serve } from ${JSON.stringify(SERVE)}
    export default serve(reducer)`
  const joined = await build({
    ...COMMON,
    stdin: { contents, loader: 'ts', resolveDir: path('.') },
    format: 'esm',
    alias: { 'rsdp/reducers': AUTHOR_ENTRY, ethers: sourceFile('reducers/bundle/guest-ethers') },
  })
  // short names follow from the letters of the text: it must have no types left, which the package's files lack
  const text = new TextDecoder().decode(soleOutput(joined.outputFiles))
  const { outputFiles } = await build({
    ...COMMON,
    stdin: { contents: text, loader: 'js' },
    format: 'iife',
    globalName: 'served',
    footer: { js: 'served.default' },
    minify: true,
  })
  return soleOutput(outputFiles)
}

/** A module for Node with all that it imports. Rejects with esbuild's BuildFailure. */
export async function buildModule(module: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: [module],
    format: 'esm',
    platform: 'node',
    alias: { 'rsdp/reducers': AUTHOR_ENTRY },
    // what this package imports, wherever the module is
    nodePaths: [path('../node_modules')],
  })
  return soleOutput(outputFiles)
}

function soleOutput(files: readonly { readonly contents: Uint8Array }[] | undefined): Uint8Array {
  const [file] = files ?? []
  if (file === undefined) throw new Error('the compiler wrote nothing')
  return file.contents
}
