import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, extname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MODEL_FILES } from '../../lab/scenario.ts'
import type { Scenario } from '../../lab/scenario.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A relative import or re-export that is there when it runs: types are not. */
const IMPORT = /^(?:import|export)\s(?!type\b)(?:[^'";]*?\sfrom\s*)?['"](\.[^'"]+)['"]/gm

/** Data that models read. */
const TRACE = resolve(root, 'cli/rate-limit/trace.csv')

/**
 * One hash over what the figures of a model depend on: its file, all that it imports from the project, and the recorded
 * requests. Results of other code are refused, so what a model does not use is not part of it.
 */
export function codeHash(model: Scenario['model']): string {
  const file = resolve(root, 'lab', `${MODEL_FILES[model]}${extname(import.meta.url)}`)
  return digest(
    [...sourcesOf(file), TRACE]
      .map((path) => `${relative(root, path)}\n${readFileSync(path, 'utf8')}`)
      .join('\n'),
  )
}

/** A file and all that it imports from the project, by path. */
export function sourcesOf(file: string): string[] {
  const found = new Set([file])
  for (const path of found)
    for (const [, to = ''] of readFileSync(path, 'utf8').matchAll(IMPORT))
      found.add(resolve(dirname(path), to))
  return [...found].sort()
}

/** The commit of the checkout; `none` of an installed package. */
export function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: 'pipe',
    }).trim()
  } catch {
    return 'none'
  }
}

export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
