import { tradesOf } from './frontier.ts'
import type { Trade } from './frontier.ts'
import { latencyOf } from './results.ts'
import type { Line } from './results.ts'
import type { Claim, Scenario } from './scenario.ts'
import { anova, tukey } from './statistics/anova.ts'
import type { Anova } from './statistics/anova.ts'
import { bootstrap } from './statistics/bootstrap.ts'
import { holm, paired } from './statistics/paired.ts'
import type { Paired } from './statistics/paired.ts'
import { summaryOf } from './statistics/summary.ts'
import type { Interval } from './statistics/summary.ts'

/** A figure of a cell over its seeds. Null: too few to say. */
export interface Figure {
  readonly n: number
  readonly value: number | null
  readonly ci95: Interval | null
}

export interface CellFigures {
  readonly cell: string
  readonly levels: Readonly<Record<string, string>>
  readonly seeds: number
  readonly figures: Readonly<Record<string, Figure>>
}

/** A treatment against the baseline of its factor, the other factors being equal. */
export interface Contrast extends Paired {
  readonly level: string
  /** p of the t-test after Holm over all contrasts of the scenario. */
  readonly pHolm: number
}

export interface Comparison {
  readonly factor: string
  readonly measure: string
  /** Levels of the other factors. */
  readonly where: string
  readonly baseline: string
  readonly contrasts: readonly Contrast[]
  /** Of three treatments or more. */
  readonly anova: Anova | null
  readonly tukey: readonly {
    readonly a: string
    readonly b: string
    readonly difference: number
    readonly p: number
  }[]
}

export interface Judged extends Claim {
  readonly figure: Figure
  /** Cohen's d of a claim about a difference: its mean over its deviation. Null: no difference, or no spread. */
  readonly effect: number | null
  readonly verdict: 'holds' | 'fails' | 'open'
}

export interface Analysis {
  readonly cells: readonly CellFigures[]
  readonly comparisons: readonly Comparison[]
  readonly trades: readonly Trade[]
  readonly claims: readonly Judged[]
}

/** Percentiles of latencies, always of merged histograms, ms. */
export const PERCENTILES: Readonly<Record<string, number>> = {
  latency_p50: 0.5,
  latency_p95: 0.95,
  latency_p99: 0.99,
}

type Level = Readonly<Record<string, string>>

interface Group {
  readonly name: string
  readonly levels: Level
  readonly lines: readonly Line[]
}

/** Everything that the results of a scenario say, without a look at what anybody claims. */
export function analyse(
  { measures, compare, frontier, claims }: Scenario,
  cells: readonly { readonly name: string; readonly levels: Level }[],
  lines: readonly Line[],
): Analysis {
  const groups = cells.map(({ name, levels }) => ({
    name,
    levels,
    lines: lines.filter(({ cell }) => cell === name),
  }))
  const drafts = compare.flatMap((one) =>
    one.measures.flatMap((measure) => comparisonsOf(groups, one.factor, String(one.baseline), measure)),
  )
  const corrected = holm(drafts.flatMap(({ contrasts }) => contrasts.map(({ p }) => p)))
  let next = 0
  const figures = groups.map(({ name, levels, lines: own }) => ({
    cell: name,
    levels,
    seeds: own.length,
    figures: Object.fromEntries(
      measures.flatMap((measure) =>
        (measure === 'latency' ? Object.keys(PERCENTILES) : [measure]).map((one) => [
          one,
          figureOf(own, one),
        ]),
      ),
    ),
  }))
  return {
    cells: figures,
    trades: tradesOf(figures, frontier),
    comparisons: drafts.map((draft) => ({
      ...draft,
      contrasts: draft.contrasts.map((contrast) => {
        const pHolm = corrected[next] ?? 1
        next += 1
        return { ...contrast, pHolm }
      }),
    })),
    claims: claims.map((claim) => judged(groups, claim)),
  }
}

export function figureOf(lines: readonly Line[], measure: string): Figure {
  const share = PERCENTILES[measure]
  if (share !== undefined) {
    const at = (chosen: readonly Line[]): number | null => {
      const value = latencyOf(chosen).percentile(share)
      return value === null ? null : value / 1000
    }
    const pick = (seeds: readonly number[]): Line[] => seeds.flatMap((i) => lines[i] ?? [])
    const ci95 = lines.length < 2 ? null : bootstrap(lines.length, (seeds) => at(pick(seeds)), 200)
    return { n: lines.length, value: at(lines), ci95 }
  }
  const values = valuesOf(lines, measure)
  const { n, mean, ci95 } = summaryOf(values)
  return { n, value: n === 0 ? null : mean, ci95 }
}

function valuesOf(lines: readonly Line[], measure: string): number[] {
  return lines.flatMap(({ figures }) => figures[measure] ?? [])
}

function comparisonsOf(
  groups: readonly Group[],
  factor: string,
  baseline: string,
  measure: string,
): (Omit<Comparison, 'contrasts'> & { readonly contrasts: readonly Omit<Contrast, 'pHolm'>[] })[] {
  const families = new Map<string, Group[]>()
  for (const group of groups) {
    const where = Object.entries(group.levels)
      .filter(([name]) => name !== factor)
      .map(([name, level]) => `${name}=${level}`)
      .join(' ')
    families.set(where, [...(families.get(where) ?? []), group])
  }
  return [...families].flatMap(([where, family]) => {
    const seeds = sharedSeeds(family, measure)
    const rows = family.map((group) => ({
      level: group.levels[factor] ?? '',
      values: bySeed(group, measure, seeds),
    }))
    const base = rows.find(({ level }) => level === baseline)
    if (base === undefined || seeds.length < 2) return []
    const contrasts = rows
      .filter((row) => row !== base)
      .map(({ level, values }) => ({ level, ...paired(base.values, values) }))
    const table = rows.map(({ values }) => values)
    const whole = rows.length > 2 ? anova(table) : null
    const pairs = whole === null ? [] : tukey(table, whole)
    const nameOf = (i: number): string => rows[i]?.level ?? ''
    return [
      {
        factor,
        measure,
        where,
        baseline,
        contrasts,
        anova: whole,
        tukey: pairs.map(({ a, b, difference, p }) => ({ a: nameOf(a), b: nameOf(b), difference, p })),
      },
    ]
  })
}

/** Seeds that every group has a value of. */
function sharedSeeds(groups: readonly Group[], measure: string): number[] {
  const [first, ...others] = groups.map(
    ({ lines }) =>
      new Set(lines.filter(({ figures }) => figures[measure] !== undefined).map(({ seed }) => seed)),
  )
  return [...(first ?? [])].filter((seed) => others.every((set) => set.has(seed)))
}

function bySeed({ lines }: Group, measure: string, seeds: readonly number[]): number[] {
  const values = new Map(lines.map(({ seed, figures }) => [seed, figures[measure] ?? Number.NaN]))
  return seeds.map((seed) => values.get(seed) ?? Number.NaN)
}

function judged(groups: readonly Group[], claim: Claim): Judged {
  const terms = [claim.a, claim.b, claim.c, claim.d].map((words) =>
    words === undefined ? null : matching(groups, words),
  )
  const used = terms.flatMap((term) => term ?? [])
  const seeds = sharedSeeds(used, claim.measure)
  const average = (term: readonly Group[] | null | undefined, i: number): number =>
    term === null || term === undefined
      ? 0
      : term.reduce((sum, group) => sum + (bySeed(group, claim.measure, seeds)[i] ?? 0), 0) / term.length
  const [a, b, c, d] = terms
  const values = seeds.map((_, i) => average(a, i) - average(b, i) - (average(c, i) - average(d, i)))
  const { n, mean, sd, ci95 } = summaryOf(values)
  const isWhole = terms.every((term) => term === null || term.length > 0) && n >= 2
  const figure: Figure = { n, value: isWhole ? mean : null, ci95: isWhole ? ci95 : null }
  const effect = isWhole && claim.b !== undefined && sd > 0 ? mean / sd : null
  return { ...claim, figure, effect, verdict: verdictOf(claim, figure) }
}

/** Groups whose levels have all these words. */
function matching(groups: readonly Group[], words: string): Group[] {
  return groups.filter(({ name }) =>
    words.split(' ').every((word) => word === 'all' || name.split(' ').includes(word)),
  )
}

/** `open`: the interval holds both answers. */
function verdictOf({ is, than }: Claim, { ci95 }: Figure): Judged['verdict'] {
  if (ci95 === null) return 'open'
  const { low, high } = ci95
  switch (is) {
    case 'above':
      return low > than ? 'holds' : high <= than ? 'fails' : 'open'
    case 'at-least':
      return low >= than ? 'holds' : high < than ? 'fails' : 'open'
    case 'below':
      return high < than ? 'holds' : low >= than ? 'fails' : 'open'
    case 'no-effect':
      return low <= than && high >= than ? 'holds' : 'fails'
  }
}
