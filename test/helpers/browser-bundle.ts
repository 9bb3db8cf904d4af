import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A module with all that it imports, minified, as one script for a browser. Rejects with esbuild's BuildFailure if any
 * of it needs Node.
 *
 * @param entry path from the project's root
 */
export async function browserBundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    logLevel: 'silent',
    minify: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2023',
    tsconfigRaw: '{}',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('the compiler wrote nothing')
  return file.text
}
