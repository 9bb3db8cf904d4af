import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { BuildOptions } from 'esbuild'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  metafile: true,
  logLevel: 'silent',
  minify: true,
  platform: 'browser',
  target: 'es2023',
  tsconfigRaw: '{}',
} as const satisfies BuildOptions

/**
 * A module with all that it imports, minified, as one script for a browser. Rejects with esbuild's BuildFailure if any
 * of it needs Node.
 *
 * @param entry path from the project's root
 */
export async function browserBundle(entry: string): Promise<string> {
  const { outputFiles } = await build({ ...OPTIONS, entryPoints: [entry], format: 'iife' })
  const [file] = outputFiles
  if (file === undefined) throw new Error('the compiler wrote nothing')
  return file.text
}

/** Bytes of a minified bundle: of the folder's own files, and of them with all that they import. */
export interface FolderSize {
  readonly own: number
  readonly all: number
}

/**
 * The size of all modules of a folder as one module for a browser. Rejects with esbuild's BuildFailure if any of it needs
 * Node.
 *
 * @param folder path from the project's root
 */
export async function folderSize(folder: string): Promise<FolderSize> {
  const files = globSync(`${folder}/**/*.ts`, { cwd: ROOT, exclude: ['**/*.d.ts'] }).sort()
  const contents = files.map((file, i) => `export * as m${i} from './${file}'`).join('\n')
  const { metafile } = await build({ ...OPTIONS, stdin: { contents, resolveDir: ROOT }, format: 'esm' })
  const [output] = Object.values(metafile.outputs)
  if (output === undefined || files.length === 0) throw new Error(`${folder} has no modules`)
  const own = Object.entries(output.inputs).filter(([file]) => file.startsWith(`${folder}/`))
  return { own: own.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0), all: output.bytes }
}
