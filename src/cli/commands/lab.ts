import { existsSync, writeFileSync } from 'node:fs'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { runCampaign } from '../lab/campaign.ts'
import { codeHash } from '../lab/code.ts'
import { loadScenario, readResults, resultFileOf, scenariosIn } from '../lab/files.ts'
import { htmlOf, markdownOf } from '../lab/pages.ts'
import { reportOf } from '../lab/report.ts'
import type { LabListOptions, LabReportOptions, LabRunOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

const SEEDS_MAX = 100_000

/** Plays what is missing of a scenario, and adds it to its result file. Exit 5 if it was interrupted. */
export async function labRun(
  file: string,
  options: LabRunOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const loaded = loadScenario(file)
  const { first, last } = seedsOf(options.seeds ?? `1..${loaded.scenario.seeds}`)
  const out = options.out ?? resultFileOf(file)
  const say = (line: string): void => output.say(line)
  const played = await runCampaign({ loaded, file: out, first, last, workers: options.workers, signal, say })
  const { runs, kept, seconds } = played
  const text = `${runs} runs in ${seconds.toFixed(1)} s, ${kept} were there -> ${out}`
  output.result(
    { ...played, scenario: loaded.scenario.name, file: out, cells: loaded.cells.length, first, last },
    text,
  )
  return signal.aborted ? EXIT.timeout : EXIT.ok
}

/** Writes the pages of all results in a folder. */
export function labReport(options: LabReportOptions, { output }: CommandContext): ExitCode {
  if (!existsSync(options.dir))
    throw new RsdpError({
      code: 'E_LAB_FILE',
      message: `there is no folder ${options.dir}`,
      hint: 'name the folder of the scenarios with --dir',
      exit: EXIT.usage,
    })
  const { blocks, experiments } = reportOf(options.dir)
  if (options.out !== undefined) writeFileSync(options.out, markdownOf(blocks))
  if (options.html !== undefined) writeFileSync(options.html, htmlOf(blocks))
  output.result(
    { experiments },
    options.out === undefined ? markdownOf(blocks) : `${experiments.length} experiments -> ${options.out}`,
  )
  return EXIT.ok
}

/** Scenarios of a folder, and what of each has been played. */
export function labList({ dir }: LabListOptions, { output }: CommandContext): ExitCode {
  const rows = scenariosIn(dir).map((file) => {
    const { scenario, cells } = loadScenario(file)
    const results = readResults(resultFileOf(file))
    return {
      name: scenario.name,
      title: scenario.title,
      file,
      cells: cells.length,
      runs: cells.length * scenario.seeds,
      done: results?.lines.length ?? 0,
      code: results === null ? '-' : results.header.code === codeHash(scenario.model) ? 'this' : 'other',
    }
  })
  output.result(
    { scenarios: rows },
    table(
      ['scenario', 'cells', 'runs', 'done', 'code', 'title'],
      rows.map(({ name, cells, runs, done, code, title }) => [name, cells, runs, done, code, title]),
    ),
  )
  return EXIT.ok
}

function seedsOf(text: string): { readonly first: number; readonly last: number } {
  const match = /^(\d{1,6})\.\.(\d{1,6})$/.exec(text)
  const [first, last] = [Number(match?.[1]), Number(match?.[2])]
  if (match !== null && first <= last && last <= SEEDS_MAX) return { first, last }
  throw new RsdpError({
    code: 'E_USAGE',
    message: `no range of seeds up to ${SEEDS_MAX}: ${text}`,
    hint: 'write --seeds 1..30',
    exit: EXIT.usage,
  })
}
