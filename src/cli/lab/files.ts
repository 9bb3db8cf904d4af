import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { cellsOf } from '../../lab/cells.ts'
import type { NamedCell } from '../../lab/cells.ts'
import type { Trace } from '../../lab/queue/workload.ts'
import type { Header, Line } from '../../lab/results.ts'
import { sortLines } from '../../lab/results.ts'
import { scenarioSchema } from '../../lab/scenario.ts'
import type { Scenario } from '../../lab/scenario.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { digest, TRACES } from './code.ts'

export interface Loaded {
  readonly scenario: Scenario
  readonly cells: readonly NamedCell[]
  readonly hash: string
}

/** What the report alone reads: it changes no result. */
const OF_THE_REPORT = ['title', 'remarks', 'compare', 'frontier', 'claims', 'seeds'] as const

/** A scenario, checked with each of its cells. Throws RsdpError E_LAB_SCENARIO. */
export function loadScenario(file: string): Loaded {
  const raw = readYaml(file)
  const refused = (problem: string): RsdpError =>
    new RsdpError({
      code: 'E_LAB_SCENARIO',
      message: `${file}: ${problem}`,
      hint: 'docs/laboratory.md says what a scenario may hold',
      exit: EXIT.usage,
    })
  const parsed = scenarioSchema.safeParse(raw)
  if (!parsed.success) throw refused(z.prettifyError(parsed.error).replaceAll('\n', ' '))
  const scenario = parsed.data
  try {
    // as it is written: a field that the schema gains later changes no scenario
    const played = Object.entries(raw as object).filter(
      ([name]) => !(OF_THE_REPORT as readonly string[]).includes(name),
    )
    return { scenario, cells: cellsOf(scenario), hash: digest(JSON.stringify(played)) }
  } catch (error) {
    if (error instanceof z.ZodError) throw refused(z.prettifyError(error).replaceAll('\n', ' '))
    throw error
  }
}

export function readYaml(file: string): unknown {
  const text = textOf(file, 'rsdp lab list shows the scenarios')
  try {
    return parse(text)
  } catch (error) {
    throw new RsdpError({
      code: 'E_LAB_SCENARIO',
      message: `${file} is no YAML: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''}`,
      hint: 'correct the file',
      exit: EXIT.usage,
    })
  }
}

function textOf(file: string, hint: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new RsdpError({ code: 'E_LAB_FILE', message: `cannot read ${file}`, hint, exit: EXIT.usage })
  }
}

/** Scenario files of a folder, by name. */
export function scenariosIn(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir)
    .filter((name) => /^E-[HT]\d+.*\.yaml$/.test(name) || name.endsWith('.scenario.yaml'))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((name) => join(dir, name))
}

export function resultFileOf(scenarioFile: string): string {
  return join(scenarioFile, '..', 'results', basename(scenarioFile).replace(/\.yaml$/, '.jsonl'))
}

export interface Results {
  readonly header: Header
  readonly lines: readonly Line[]
}

/** A result file; a last line that a crash has torn is dropped. Null: there is none. */
export function readResults(file: string): Results | null {
  if (!existsSync(file)) return null
  const texts = readFileSync(file, 'utf8').split('\n')
  // what comes behind the last line end was not written to its end
  texts.pop()
  const [header, ...lines] = texts.map((text, i) => {
    try {
      return JSON.parse(text) as unknown
    } catch {
      throw new RsdpError({
        code: 'E_LAB_RESULTS',
        message: `line ${i + 1} of ${file} is no JSON`,
        hint: 'remove the file, and run the scenario again',
        exit: EXIT.precondition,
      })
    }
  })
  return header === undefined ? null : { header: header as Header, lines: lines as Line[] }
}

/** The whole file anew, cells and seeds in order, at once. */
export function writeSorted(file: string, { header, lines }: Results, cells: readonly string[]): void {
  const text = [header, ...sortLines(lines, cells)].map((line) => `${JSON.stringify(line)}\n`).join('')
  writeFileSync(`${file}.tmp`, text)
  renameSync(`${file}.tmp`, file)
}

/**
 * The recorded requests and machines that the package comes with; licences and sources lie next to them.
 *
 * @param requests a file of other requests (`requestsOf`)
 */
export function loadTrace(requests?: string): Trace {
  const machines = rowsOf(TRACES.machines).map((row) => row.split(',').map(Number))
  return {
    ...(requests === undefined ? recorded() : requestsOf(requests)),
    uses: (machines[0] ?? []).map((_, machine) => machines.map((row) => row[machine] ?? 0)),
  }
}

function recorded(): Pick<Trace, 'atMs' | 'sizes'> {
  const rows = rowsOf(TRACES.requests)
  const at = (row: string): number => Date.parse(`${row.slice(0, 23).replace(' ', 'T')}Z`)
  const firstMs = at(rows[0] ?? '')
  return {
    atMs: rows.map((row) => at(row) - firstMs),
    sizes: rows.map((row) => {
      const [, context = '0', generated = '0'] = row.split(',')
      return Number(context) + Number(generated)
    }),
  }
}

/**
 * Requests of a file: a line `ms,size`, then a line for each request, in order: when, ms from any begin, and how large, in any
 * unit. Throws RsdpError E_LAB_FILE, E_LAB_SCENARIO.
 */
export function requestsOf(file: string): Pick<Trace, 'atMs' | 'sizes'> {
  const [head = '', ...rows] = textOf(file, 'name a file with --trace').trim().split(/\r?\n/)
  const refused = (problem: string): RsdpError =>
    new RsdpError({
      code: 'E_LAB_SCENARIO',
      message: `${file}: ${problem}`,
      hint: 'a trace is a line ms,size and a line for each request in order, such as 12.5,300',
      exit: EXIT.usage,
    })
  if (head !== 'ms,size') throw refused('the first line is not ms,size')
  if (rows.length < 2) throw refused('it holds fewer than two requests')
  const pairs = rows.map((row) => row.split(',').map((word) => (word.trim() === '' ? NaN : Number(word))))
  pairs.forEach(([at = NaN, size = NaN, ...more], i) => {
    const isSound = Number.isFinite(at) && Number.isFinite(size) && size > 0 && more.length === 0
    if (!isSound) throw refused(`line ${i + 2} is no time and size above 0`)
    if (i > 0 && at < (pairs[i - 1]?.[0] ?? 0)) throw refused(`line ${i + 2} is earlier than the one before`)
  })
  const firstMs = pairs[0]?.[0] ?? 0
  return {
    atMs: pairs.map(([at = 0]) => at - firstMs),
    sizes: pairs.map(([, size = 0]) => size),
  }
}

/** Without the head. */
function rowsOf(file: URL): string[] {
  return readFileSync(file, 'utf8').trim().split('\n').slice(1)
}
