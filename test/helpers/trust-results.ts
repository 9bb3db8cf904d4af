import { readFileSync } from 'node:fs'
import { summaryOf } from '../../src/lab/statistics/summary.ts'
import type { Arm, Kind, TrustOutcome } from './trust-world.ts'
import { ARMS } from './trust-world.ts'

/** Runs of one cell: outcomes by seed. */
export interface TrustCell {
  readonly n: number
  readonly liars: number
  readonly kind: Kind
  readonly arm: Arm
  readonly heights: number
  readonly runs: readonly (TrustOutcome & { readonly seed: number })[]
}

export const RESULTS_FILE = new URL('../../docs/trust-results.json', import.meta.url)
export const TRUST_PAGE = new URL('../../docs/trust.md', import.meta.url)
export const BEGIN = '<!-- generated: npm run campaign:trust -- --page -->'
export const END = '<!-- end -->'

export function readCells(): TrustCell[] {
  return JSON.parse(readFileSync(RESULTS_FILE, 'utf8')) as TrustCell[]
}

/** Mean and half of its 95 % interval by Student's t; no interval of one value. */
export function meanOf(values: readonly number[]): { readonly mean: number; readonly half: number | null } {
  const { mean, ci95 } = summaryOf(values)
  return { mean, half: ci95 === null ? null : ci95.high - mean }
}

function text(values: readonly number[], scale: number, digits: number): string {
  const { mean, half } = meanOf(values.map((value) => value * scale))
  return half === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${half.toFixed(digits)}`
}

/** Per cent of wrong finals, trust against the popular vote on the same seeds. */
function verdictOf(popular: TrustCell, other: TrustCell): string {
  const bySeed = new Map(popular.runs.map((run) => [run.seed, run.wrong]))
  const gains = other.runs.flatMap(({ seed, wrong }) => {
    const before = bySeed.get(seed)
    return before === undefined ? [] : [100 * (before - wrong)]
  })
  const { mean, half } = meanOf(gains)
  if (half === null) return `${mean.toFixed(1)}, one seed`
  const word = mean - half > 0 ? 'won' : mean + half < 0 ? '**lost**' : 'no difference'
  return `${mean.toFixed(1)} ± ${half.toFixed(1)}: ${word}`
}

const byScenario = (cells: readonly TrustCell[]): Map<string, Map<Arm, TrustCell>> => {
  const rows = new Map<string, Map<Arm, TrustCell>>()
  for (const cell of cells) {
    const mark = 3 * cell.liars >= cell.n ? '*' : ''
    const name = `| ${cell.n} | ${cell.liars}${mark} | ${cell.liars === 0 ? '–' : cell.kind} |`
    rows.set(name, (rows.get(name) ?? new Map<Arm, TrustCell>()).set(cell.arm, cell))
  }
  return rows
}

/** Orders cells so that the file does not depend on the order of the runs. */
export function ordered(cells: readonly TrustCell[]): TrustCell[] {
  const key = ({ n, liars, kind, arm }: TrustCell): string =>
    [String(n).padStart(3), String(liars).padStart(3), kind, ARMS.indexOf(arm)].join()
  return cells.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

/** Both tables of the page. */
export function trustTables(cells: readonly TrustCell[]): string {
  const rows = byScenario(ordered(cells))
  const seeds = Math.max(...cells.map(({ runs }) => runs.length))
  const finals = [...rows].map(([name, arms]) => {
    const shown = ARMS.map((arm) => {
      const cell = arms.get(arm)
      return cell === undefined
        ? '–'
        : text(
            cell.runs.map(({ wrong }) => wrong),
            100,
            1,
          )
    })
    const [popular, trust] = [arms.get('popular'), arms.get('trust')]
    const verdict = popular === undefined || trust === undefined ? '–' : verdictOf(popular, trust)
    return `${name} ${shown.join(' | ')} | ${verdict} |`
  })
  const more = [...rows].flatMap(([name, arms]) =>
    ARMS.flatMap((arm) => {
      const cell = arms.get(arm)
      if (cell === undefined) return []
      const of = (metric: keyof TrustOutcome, scale: number, digits: number): string =>
        text(
          cell.runs.map((run) => run[metric]),
          scale,
          digits,
        )
      const reached = cell.runs.filter(({ neutralised }) => neutralised >= 0)
      const time = reached.map(({ neutralised }) => neutralised)
      const heights =
        cell.liars === 0
          ? '–'
          : reached.length === 0
            ? 'never'
            : `${text(time, 1, 1)}${reached.length < cell.runs.length ? ` (${reached.length} of ${cell.runs.length})` : ''}`
      const parts = [
        of('split', 100, 1),
        of('entropy', 1, 3),
        of('concentration', 1, 3),
        heights,
        of('honestWeight', 100, 1),
        of('leastHonest', 1, 2),
        of('harm', 1, 0),
      ]
      return [`${name} ${arm} | ${parts.join(' | ')} |`]
    }),
  )
  return `Wrong finals, % of all finals of honest members, with 95 % intervals over up to ${seeds} seeds:

| n | liars | kind | popular | stake | trust | trust × stake | own | popular − trust, paired |
|---:|---:|---|---:|---:|---:|---:|---:|---|
${finals.join('\n')}

| n | liars | kind | weights | split heights, % | entropy | concentration | neutralised after | honest weight, % | least honest | harm, ‰ |
|---:|---:|---|---|---:|---:|---:|---:|---:|---:|---:|
${more.join('\n')}
`
}

/** The page with the tables of these cells. */
export function withTables(page: string, cells: readonly TrustCell[]): string {
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  return `${before}${BEGIN}\n\n${trustTables(cells)}\n${END}${after}`
}
