import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, extname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TRACE_FILE } from '../../demo/trace.ts'
import { MODEL_FILES } from '../../lab/scenario.ts'
import type { Scenario } from '../../lab/scenario.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A relative import or re-export that is there when it runs: types are not. */
const IMPORT = /^(?:import|export)\s(?!type\b)(?:[^'";]*?\sfrom\s*)?['"](\.[^'"]+)['"]/gm

/** Data that models read. */
export const TRACES = {
  requests: TRACE_FILE,
  machines: new URL('ec2-cpu/ec2-cpu.csv', import.meta.url),
} as const

/** Files that read them. */
const READERS: Readonly<Record<keyof typeof TRACES, readonly string[]>> = {
  requests: ['lab/queue/workload'],
  machines: ['lab/queue/day-load', 'lab/day/demand'],
}

/**
 * One hash over what the figures of a model depend on: its file, all that it imports from the project, and the traces that
 * those read. Results of other code are refused, so what a model does not use is not part of it.
 */
export function codeHash(model: Scenario['model']): string {
  const extension = extname(import.meta.url)
  const sources = sourcesOf(resolve(root, 'lab', MODEL_FILES[model] + extension))
  const traces = (Object.keys(TRACES) as (keyof typeof TRACES)[])
    .filter((trace) => READERS[trace].some((file) => sources.includes(resolve(root, file + extension))))
    .map((trace) => fileURLToPath(TRACES[trace]))
  return digest(
    [...sources, ...traces]
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
