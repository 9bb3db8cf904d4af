import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { LIAR_NAMES } from '../../faults/catalog.ts'
import type { SeedReport } from '../../sim/run-seed.ts'
import { runSeed } from '../../sim/run-seed.ts'
import type { PercentRange, SimulatedLiar } from '../../sim/scenario.ts'
import type { FailedSeed, Summary } from '../../sim/summary.ts'
import { addReport, emptySummary } from '../../sim/summary.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { SimOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { appOf } from './sim-app.ts'
import { cryptoFor } from './sim-crypto.ts'
import type { SimWork } from './sim-worker.ts'

const PROGRESS_MS = 5_000
/** Above two thirds liars are a quorum by themselves, and nothing is left to judge. */
const LIAR_PERCENT_MAX = 67
/** Failed seeds told one by one. */
const FAILURES_TOLD_MAX = 20

/** Runs seeds of the simulator. Exit 6 if any of them violates what the protocol promises. */
export async function sim(options: SimOptions, context: CommandContext): Promise<ExitCode> {
  const worlds = {
    liar: parseLiar(options.liar),
    liarPercent: parsePercent(options.liars),
    ...(options.reorgs === undefined ? {} : { reorgs: options.reorgs }),
    ...(options.absence === undefined ? {} : { absence: options.absence }),
    ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
    ...(options.app === undefined ? {} : { appFolder: options.app }),
  }
  if (options.app !== undefined) {
    await (await import('../app/folder.ts')).buildApp(options.app)
    // what does not load is told here: an error of a thread comes without its kind
    await appOf(options.app)
  }
  if (options.seed !== undefined) return replay(options, options.seed, worlds, context)
  if (options.trace) throw usage('--trace shows one seed', 'name it with --seed')
  const { first, last } = parseSeeds(options.seeds)
  const { output, signal } = context
  const summary = emptySummary()
  const started = performance.now()
  const seconds = (): number => (performance.now() - started) / 1_000
  let toldMs = started
  const take = (report: SeedReport): void => {
    addReport(summary, report)
    if (report.violations.length > 0) output.say(failure(summary.failed.at(-1), options))
    if (performance.now() - toldMs < PROGRESS_MS) return
    toldMs = performance.now()
    output.say(
      `${summary.seeds} of ${last - first + 1} seeds, ${summary.heights} heights, ${rate(summary, seconds())} per second`,
    )
  }
  const shared = { last, step: options.workers, heights: options.heights, ...worlds }
  const shares = Array.from({ length: Math.min(options.workers, last - first + 1) }, (_, i) =>
    share({ ...shared, first: first + i }, take, signal),
  )
  await Promise.all(shares)
  const data = { ...summary, seconds: seconds(), heightsPerSecond: rate(summary, seconds()) }
  output.result(data, render(summary, options, seconds()))
  return summary.failed.length === 0 ? EXIT.ok : EXIT.mismatch
}

/** One thread's seeds, to the end or until the command is interrupted. */
function share(work: SimWork, take: (report: SeedReport) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`./sim-worker${extname(import.meta.url)}`, import.meta.url), {
      workerData: work,
    })
    const stop = (): void => void worker.terminate()
    signal.addEventListener('abort', stop, { once: true })
    worker.on('message', take)
    worker.on('error', reject)
    worker.on('exit', () => resolve())
  })
}

/** One seed again, with its whole trace if that is wanted. */
async function replay(
  options: SimOptions,
  seed: number,
  {
    appFolder,
    ...worlds
  }: Pick<SimWork, 'liar' | 'liarPercent' | 'nodes' | 'reorgs' | 'absence' | 'appFolder'>,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { heights } = options
  const app = await appOf(appFolder)
  const keys = cryptoFor(seed)
  const tell = options.trace ? { tell: (line: string) => output.say(line) } : {}
  const report = await runSeed(seed, { heights, ...worlds, ...app, keys, ...tell })
  const summary = emptySummary()
  addReport(summary, report)
  const { nodes, faults, traceHash, events, violations, rounds } = report
  const text = [
    `seed ${seed}: ${nodes} nodes, liars: ${report.liars.join(', ') || 'none'}, faults: ${faults.join(', ') || 'none'}`,
    `${report.heights} heights in ${(report.simulatedMs / 1_000).toFixed(1)} s of simulated time, by round ${JSON.stringify(rounds)}`,
    `trace ${traceHash}, ${events} events`,
    ...violations.map(
      ({ kind, detail, stack }) => `VIOLATION ${kind}: ${detail}${stack === undefined ? '' : `\n${stack}`}`,
    ),
  ]
  output.result(report, text.join('\n'))
  return violations.length === 0 ? EXIT.ok : EXIT.mismatch
}

function render(summary: Summary, options: SimOptions, seconds: number): string {
  const rows = Object.entries(summary.counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([what, count]) => [what, count] as const)
  const lines = [
    table(['happened', 'times'], rows),
    '',
    `heights by deciding round: ${JSON.stringify(summary.rounds)}`,
    `heights by nodes: ${JSON.stringify(summary.sizes)}`,
    `seeds by liar: ${JSON.stringify(summary.liars)}`,
    `message delays to a decision in calm seeds: ${JSON.stringify(summary.delays)}`,
    `liars of a third or more: ${summary.unpromised} seeds; forks: ${fork(summary.forks)}`,
    `longest from heal to end: ${(summary.healedMsMax / 1_000).toFixed(1)} s simulated`,
    `${summary.seeds} seeds, ${summary.heights} heights in ${seconds.toFixed(1)} s: ${rate(summary, seconds)} per second`,
    summary.failed.length === 0 ? 'no violation' : `${summary.failed.length} seeds with violations:`,
    ...summary.failed.slice(0, FAILURES_TOLD_MAX).map((failed) => failure(failed, options)),
  ]
  return lines.join('\n')
}

function fork({ seeds, heights, convictedPercentMin }: Summary['forks']): string {
  if (seeds === 0) return 'none'
  return `${heights} heights in ${seeds} seeds, what was heard convicts ${convictedPercentMin.toFixed(1)} % or more`
}

function failure(failed: FailedSeed | undefined, options: SimOptions): string {
  const [first] = failed?.violations ?? []
  if (failed === undefined || first === undefined) return ''
  const liar = options.liar === undefined ? '' : ` --liar ${options.liar}`
  const liars = options.liars === undefined ? '' : ` --liars ${options.liars}`
  const nodes = options.nodes === undefined ? '' : ` --nodes ${options.nodes}`
  const reorgs = options.reorgs === true ? ' --reorgs' : ''
  const absence = options.absence === true ? ' --absence' : ''
  const app = options.app === undefined ? '' : ` --app ${options.app}`
  const again = `./rsdp sim --seed ${failed.seed} --heights ${options.heights}${app}${nodes}${liar}${liars}${reorgs}${absence} --trace`
  return `seed ${failed.seed}: ${first.kind}: ${first.detail}\n  replay: ${again}`
}

function rate({ heights }: Summary, seconds: number): number {
  return Math.round(heights / Math.max(seconds, 0.001))
}

function parseSeeds(text: string): { readonly first: number; readonly last: number } {
  const match = /^(\d{1,9})\.\.(\d{1,9})$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || first > last) throw usage(`no range of seeds: ${text}`, 'write --seeds 1..1000')
  return { first, last }
}

function parseLiar(name: string | undefined): SimulatedLiar | null {
  const names: readonly SimulatedLiar[] = [...LIAR_NAMES, 'poisoned-input']
  const found = names.find((known) => known === name)
  if (name !== undefined && found === undefined)
    throw usage(`no liar is called ${name}`, `one of ${names.join(', ')}`)
  return found ?? null
}

function parsePercent(text: string | undefined): PercentRange | null {
  if (text === undefined) return null
  const match = /^(\d{1,2})\.\.(\d{1,2})$/.exec(text)
  const [min, max] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || min > max || max > LIAR_PERCENT_MAX)
    throw usage(`no range of percentages up to ${LIAR_PERCENT_MAX}: ${text}`, 'write --liars 0..67')
  return { min, max }
}

function usage(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_USAGE', message, hint, exit: EXIT.usage })
}
