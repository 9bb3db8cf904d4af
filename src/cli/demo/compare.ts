/**
 * The same traffic to a provider twice, with shares that the cluster agrees on and with a static even split: `--help`
 * says more.
 *
 *   ./rsdp --script src/cli/demo/compare.ts
 */
import { parseArgs } from 'node:util'
import { runCommand } from '../run-command.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { integerOption, usageError } from './arguments.ts'
import { contendedWindows, variantReport } from '../../demo/compare-report.ts'
import { comparisonTable } from './tables.ts'
import type { VariantReport } from '../../demo/compare-report.ts'
import type { Compared, CompareOptions } from './compare-run.ts'
import { TOKENS_MAX } from '../../demo/provider-wire.ts'
import { loadTrace, WINDOWS } from '../../demo/trace.ts'
import { requestsOf } from '../../demo/traffic.ts'

const USAGE = `The same requests twice, at the same time, against a provider each: leases agreed by a cluster of real nodes on a
local chain, and a static even split. Prints what the providers counted. Half way, both providers lower their budget;
the cluster learns of it from the ledger.

  ./rsdp --script src/cli/demo/compare.ts
  ./rsdp --script src/cli/demo/compare.ts --nodes 4 --heights 18 --json

  --nodes N          nodes, each a process of its own, 4 … 13 (default 7)
  --heights N        windows of the trace to replay, 12 … 60 (default 60)
  --window-ms N      length of a window, 500 … 10000 (default 1000)
  --budget N         tokens a window (default 120000)
  --later-budget N   tokens a window in the second half, less than before (default 90000)
  --json             one JSON envelope on stdout
  --help`

await runCommand('rate-limit compare', process.argv.includes('--json'), async (context) => {
  const options = parse(process.argv.slice(2))
  if (options === null) {
    console.log(USAGE)
    return EXIT.ok
  }
  // Hardhat and libp2p take a while to load
  const { compareRun } = await import('./compare-run.ts')
  const report = judge(options, await compareRun(options, context))
  context.output.result(report, describe(report))
  return EXIT.ok
})

function parse(args: string[]): CompareOptions | null {
  const { help, ...texts } = parseTexts(args)
  if (help) return null
  const budget = integerOption('budget', texts.budget, 1, TOKENS_MAX)
  return {
    nodes: integerOption('nodes', texts.nodes, 4, 13),
    heights: integerOption('heights', texts.heights, 12, WINDOWS),
    windowMs: integerOption('window-ms', texts['window-ms'], 500, 10_000),
    budget,
    laterBudget: integerOption('later-budget', texts['later-budget'], 1, budget - 1),
  }
}

function parseTexts(args: string[]): {
  nodes: string
  heights: string
  'window-ms': string
  budget: string
  'later-budget': string
  help: boolean
} {
  const text = (value: string): { type: 'string'; default: string } => ({ type: 'string', default: value })
  try {
    return parseArgs({
      args,
      options: {
        nodes: text('7'),
        heights: text(String(WINDOWS)),
        'window-ms': text('1000'),
        budget: text('120000'),
        'later-budget': text('90000'),
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw usageError(error)
  }
}

interface Report extends CompareOptions {
  /** Windows of the trace with more queued than the budget covers, however it is shared. */
  readonly contendedWindows: number
  /** First windows with the lowered budget, by the providers. */
  readonly loweredFrom: { readonly agreed: number | null; readonly static: number | null }
  /** First window whose leases may come from the lowered budget, by the agreed states. */
  readonly followedFrom: number
  readonly agreed: VariantReport
  readonly static: VariantReport
}

function judge(options: CompareOptions, { agreed, even, followedFrom }: Compared): Report {
  const requests = requestsOf(loadTrace(), options.heights)
  const reports = { agreed: variantReport(requests, agreed), static: variantReport(requests, even) }
  const lowered = ({ windows }: VariantReport): number | null =>
    windows.find(({ budget }) => budget < options.budget)?.window ?? null
  const budgetOf = (window: number): number =>
    reports.agreed.windows[window - 1]?.budget ?? options.laterBudget
  return {
    ...options,
    contendedWindows: contendedWindows(requests, options.heights, budgetOf).length,
    loweredFrom: { agreed: lowered(reports.agreed), static: lowered(reports.static) },
    followedFrom: followedFrom + 1,
    ...reports,
  }
}

function describe(report: Report): string {
  const { agreed, static: even, heights, contendedWindows: contended } = report
  return [
    '',
    `${String(heights)} windows of the trace, of which ${String(contended)} (${((100 * contended) / heights).toFixed(0)} %) have more queued than the budget covers`,
    `budget lowered from window ${String(report.loweredFrom.agreed)} on; leases follow from window ${String(report.followedFrom)} on`,
    '',
    comparisonTable(agreed, even),
  ].join('\n')
}
