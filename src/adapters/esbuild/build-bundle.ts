import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { BuildOptions } from 'esbuild'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const SERVE = path('reducers/bundle/serve.ts')
/** What authors import as `rsdp/reducers`. */
export const AUTHOR_ENTRY = path('node/author.ts')

/** The same bytes on every machine: nothing of where the files are, and a pinned compiler. */
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
  const { outputFiles } = await build({
    ...COMMON,
    stdin: { contents, loader: 'ts', resolveDir: path('.') },
    format: 'iife',
    globalName: 'served',
    footer: { js: 'served.default' },
    minify: true,
    alias: { 'rsdp/reducers': AUTHOR_ENTRY, ethers: path('reducers/bundle/guest-ethers.ts') },
  })
  return soleOutput(outputFiles)
}

/** A module for Node with all that it imports, but packages. Rejects with esbuild's BuildFailure. */
export async function buildModule(module: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    ...COMMON,
    entryPoints: [module],
    format: 'esm',
    platform: 'node',
    alias: { 'rsdp/reducers': AUTHOR_ENTRY },
    // this package's own, wherever the module is
    plugins: [],
    nodePaths: [path('../node_modules')],
  })
  return soleOutput(outputFiles)
}

function soleOutput(files: readonly { readonly contents: Uint8Array }[] | undefined): Uint8Array {
  const [file] = files ?? []
  if (file === undefined) throw new Error('the compiler wrote nothing')
  return file.contents
}
