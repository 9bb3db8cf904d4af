import { basename } from 'node:path'
import { analyse } from '../../lab/analyse.ts'
import type { Analysis, CellFigures, Comparison, Figure } from '../../lab/analyse.ts'
import { gainOf } from '../../lab/gain.ts'
import type { Header, Line } from '../../lab/results.ts'
import { loadScenario, readResults, resultFileOf, scenariosIn } from './files.ts'
import type { Loaded } from './files.ts'
import { short } from './svg.ts'
import type { Target } from './targets.ts'
import { loadTargets, verdictOf, wordsOf } from './targets.ts'

/** A part of a page. */
export type Block =
  | { readonly kind: 'heading' | 'text' | 'command'; readonly text: string }
  | {
      readonly kind: 'table'
      readonly head: readonly string[]
      readonly rows: readonly (readonly string[])[]
    }
  | {
      readonly kind: 'plot'
      readonly title: string
      readonly bars: readonly { readonly label: string; readonly figure: Figure }[]
    }

export interface Report {
  readonly blocks: readonly Block[]
  /** As data, for `--json`. */
  readonly experiments: readonly Experiment[]
}

export interface Experiment {
  readonly name: string
  readonly title: string
  readonly header: Header
  readonly analysis: Analysis
  readonly verdicts: readonly (Target & { readonly figure: Figure; readonly verdict: string })[]
}

const NOTHING: Figure = { n: 0, value: null, ci95: null }

/** All scenarios of a folder that have results. What is claimed shows in the verdicts alone. */
export function reportOf(dir: string): Report {
  const targets = loadTargets(dir)
  const found = scenariosIn(dir).flatMap((file) => {
    const results = readResults(resultFileOf(file))
    return results === null ? [] : [{ file, loaded: loadScenario(file), results }]
  })
  const experiments = found.map(({ loaded, results }): Experiment => {
    const { scenario, cells } = loaded
    const analysis = analyse(scenario, cells, results.lines)
    return {
      name: scenario.name,
      title: scenario.title,
      header: results.header,
      analysis,
      verdicts: targets
        .filter((target) => target.scenario === scenario.name)
        .map((target) => {
          const figure = figureFor(analysis, results.lines, target)
          return { ...target, figure, verdict: verdictOf(target, figure) }
        }),
    }
  })
  const blocks = experiments.flatMap((experiment, i) => {
    const one = found[i]
    return one === undefined ? [] : blocksOf(experiment, one.loaded, one.file)
  })
  return { blocks: [...summary(experiments), ...blocks], experiments }
}

function figureFor({ cells }: Analysis, lines: readonly Line[], target: Target): Figure {
  const { cell, against, measure } = target
  const found = cellNamed(cells, cell)
  if (against === undefined) return found?.figures[measure] ?? NOTHING
  const base = cellNamed(cells, against)
  const of = (one: CellFigures | undefined): Line[] => lines.filter((line) => line.cell === one?.cell)
  return gainOf(of(found), of(base), measure)
}

/** The first cell whose levels have all these words. */
function cellNamed(cells: readonly CellFigures[], name: string): CellFigures | undefined {
  const words = name.split(' ')
  return cells.find((one) => words.every((word) => one.cell.split(' ').includes(word)))
}

/** The claims of the documents and what was found, one line each. */
function summary(experiments: readonly Experiment[]): Block[] {
  const rows = experiments.flatMap(({ name, verdicts }) =>
    verdicts.map((target) => [
      name,
      target.cell,
      target.against === undefined ? target.measure : `${target.measure}, gain over ${target.against}`,
      target.source,
      wordsOf(target),
      withInterval(target.figure),
      String(target.figure.n),
      target.verdict,
    ]),
  )
  return [
    { kind: 'heading', text: 'What the documents claim' },
    {
      kind: 'table',
      head: ['Experiment', 'Cell', 'Measure', 'Claimed at', 'Claim', 'Found', 'n', 'Verdict'],
      rows,
    },
  ]
}

function blocksOf(
  { name, title, header, analysis, verdicts }: Experiment,
  { scenario }: Loaded,
  file: string,
): Block[] {
  const measures = Object.keys(analysis.cells[0]?.figures ?? {})
  const seeds = [...new Set(analysis.cells.map((cell) => cell.seeds))].join(' or ')
  const from = `Results \`experiments/results/${basename(resultFileOf(file))}\`: ${seeds} seeds a cell, commit ${header.commit}, code ${header.code}, ${header.driver}.`
  return [
    { kind: 'heading', text: `${name}: ${title}` },
    { kind: 'command', text: `rsdp lab run experiments/${basename(file)} --seeds 1..${scenario.seeds}` },
    { kind: 'text', text: from },
    ...scenario.remarks.map((text): Block => ({ kind: 'text', text })),
    {
      kind: 'table',
      head: ['Cell', 'n', ...measures],
      rows: analysis.cells.map(({ cell, seeds: n, figures }) => [
        cell,
        String(n),
        ...measures.map((measure) => withInterval(figures[measure])),
      ]),
    },
    ...claimsTable(analysis),
    ...tradesTable(analysis),
    ...analysis.comparisons.map(contrastTable),
    ...plots(analysis, measures),
    ...(verdicts.length === 0
      ? []
      : [{ kind: 'text', text: 'Claims of the documents: see the first table.' } as const]),
  ]
}

function claimsTable({ claims }: Analysis): Block[] {
  if (claims.length === 0) return []
  return [
    {
      kind: 'table',
      head: ['Hypothesis', 'Says', 'Measure', 'Asked', 'Found', 'Effect d', 'n', 'Verdict'],
      rows: claims.map(({ id, says, measure, is, than, figure, effect, verdict }) => [
        id,
        says,
        measure,
        is === 'no-effect' ? `interval holds ${short(than)}` : `${is} ${short(than)}`,
        withInterval(figure),
        effect === null ? '–' : short(effect),
        String(figure.n),
        verdict,
      ]),
    },
  ]
}

function tradesTable({ trades }: Analysis): Block[] {
  const measures = Object.keys(trades[0]?.terciles ?? {})
  if (measures.length === 0) return []
  return [
    {
      kind: 'table',
      head: ['Way to run it', ...measures, 'Dominated by none'],
      rows: trades.map(({ cell, terciles, isOnFrontier }) => [
        cell,
        ...measures.map((measure) => terciles[measure] ?? ''),
        isOnFrontier ? 'yes' : 'no',
      ]),
    },
  ]
}

function contrastTable({ factor, measure, where, baseline, contrasts, anova }: Comparison): Block {
  const over = where === '' ? '' : ` at ${where}`
  const whole =
    anova === null
      ? ''
      : `; F(${anova.df.join(', ')}) = ${short(anova.f)}, p ${chance(anova.p)}, partial η² ${short(anova.effect)}`
  return {
    kind: 'table',
    head: [
      `${measure} by ${factor}${over}${whole}`,
      `minus ${baseline}`,
      'effect d',
      'p (t, Holm)',
      'p (ranks)',
      'n',
    ],
    rows: contrasts.map(({ level, difference, ci95, effect, pHolm, pRank, n }) => [
      level,
      withInterval({ n, value: difference, ci95 }),
      Number.isFinite(effect) ? short(effect) : 'no spread',
      chance(pHolm),
      chance(pRank),
      String(n),
    ]),
  }
}

function plots({ cells }: Analysis, measures: readonly string[]): Block[] {
  return measures.slice(0, 3).map((measure) => ({
    kind: 'plot',
    title: measure,
    bars: cells.map(({ cell, figures }) => ({
      label: cell,
      figure: figures[measure] ?? NOTHING,
    })),
  }))
}

function chance(p: number): string {
  return p < 1e-4 ? '< 0.0001' : short(p)
}

/** A figure and its interval, in few digits. */
export function withInterval(figure: Figure | undefined): string {
  if (figure === undefined || figure.value === null) return 'not enough'
  const { value, ci95 } = figure
  return ci95 === null ? short(value) : `${short(value)} [${short(ci95.low)}, ${short(ci95.high)}]`
}
