import { cellSchema } from './scenario.ts'
import type { Cell, Scenario } from './scenario.ts'

export interface NamedCell {
  /** `factor=level`, one word a factor; `all` where there is none. */
  readonly name: string
  readonly levels: Readonly<Record<string, string>>
  readonly cell: Cell
}

type Level = Scenario['factors'][string][number]

/** All combinations of the factors' levels, in the order of the file. Throws a ZodError where one makes no sound cell. */
export function cellsOf(scenario: Scenario): NamedCell[] {
  const { factors } = scenario
  const known = new Set(Object.keys(cellSchema.shape))
  const base = Object.fromEntries(Object.entries(scenario).filter(([name]) => known.has(name)))
  let all: { readonly levels: Record<string, string>; readonly raw: Record<string, unknown> }[] = [
    { levels: {}, raw: base },
  ]
  for (const [factor, levels] of Object.entries(factors))
    all = all.flatMap(({ levels: before, raw }) =>
      levels.map((level) => ({
        levels: { ...before, [shortOf(factor)]: labelOf(level) },
        raw: withLevel(raw, factor, level),
      })),
    )
  return all.map(({ levels, raw }) => ({
    name:
      Object.entries(levels)
        .map(([factor, level]) => `${factor}=${level}`)
        .join(' ') || 'all',
    levels,
    cell: cellSchema.parse(raw),
  }))
}

/** The last word of the path. */
function shortOf(factor: string): string {
  return factor.split('.').at(-1) ?? factor
}

function labelOf(level: Level): string {
  return typeof level === 'object' ? level.label : String(level)
}

function withLevel(raw: Record<string, unknown>, factor: string, level: Level): Record<string, unknown> {
  const sets = typeof level === 'object' ? level.set : { [factor]: level }
  return Object.entries(sets).reduce((copy, [path, value]) => withPath(copy, path.split('.'), value), raw)
}

function withPath(
  raw: Record<string, unknown>,
  [head = '', ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> {
  if (rest.length === 0) return { ...raw, [head]: value }
  const inner = raw[head]
  const isObject = typeof inner === 'object' && inner !== null && !Array.isArray(inner)
  return { ...raw, [head]: withPath(isObject ? (inner as Record<string, unknown>) : {}, rest, value) }
}
