import { readRegularFile } from '../../adapters/files/regular-file.ts'
import { AS_IS, ADVISED_MODELS, advised, rankedAdvice } from '../../lab/advice.ts'
import { analyse } from '../../lab/analyse.ts'
import { cellsOf } from '../../lab/cells.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { runCampaign } from '../lab/campaign.ts'
import { digest } from '../lab/code.ts'
import { loadScenario, readResults, requestsOf } from '../lab/files.ts'
import type { Loaded } from '../lab/files.ts'
import { withInterval } from '../lab/report.ts'
import type { LabAdviseOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** Plays a scenario as it is and with one thing changed after the other, and ranks them. Exit 5 if it was interrupted. */
export async function labAdvise(
  file: string,
  { trace, out, seeds, workers }: LabAdviseOptions,
  { output, signal }: CommandContext,
): Promise<ExitCode> {
  const loaded = alternativesOf(file, trace)
  const { scenario, cells } = loaded
  const last = seeds ?? scenario.seeds
  if (last < 2) throw refused(file, 'one seed has no interval', 'ask for two seeds or more with --seeds')
  const results = out ?? file.replace(/(\.ya?ml)?$/, '.advice.jsonl')
  const say = (line: string): void => output.say(line)
  say(`${cells.length} ways to run it, ${last} seeds each -> ${results}`)
  await runCampaign({ loaded, file: results, first: 1, last, workers, trace, signal, say })
  const lines = (readResults(results)?.lines ?? []).filter(({ seed }) => seed <= last)
  const advice = rankedAdvice(scenario, analyse(scenario, cells, lines))
  const measures = Object.keys(advice[0]?.figures ?? {})
  const rows = advice.map(({ rank, alternative, figures, difference, verdict }) => [
    rank,
    alternative,
    ...measures.map((measure) => withInterval(figures[measure])),
    difference === null ? '–' : withInterval(difference),
    verdict,
  ])
  const head = ['rank', 'alternative', ...measures, `${scenario.measures[0] ?? ''} minus ${AS_IS}`, 'verdict']
  output.result(
    { scenario: scenario.name, file: results, seeds: last, rankedBy: scenario.measures[0], advice },
    `${table(head, rows)}\nsimulated; intervals of 95 %, of percentiles by resampling seeds; differences by pairs of seeds, p < 0.05 after Holm`,
  )
  return signal.aborted ? EXIT.timeout : EXIT.ok
}

/** The scenario with its alternatives as cells. Throws RsdpError E_LAB_SCENARIO. */
function alternativesOf(file: string, trace: string | undefined): Loaded {
  const { scenario, hash } = loadScenario(file)
  if (Object.keys(scenario.factors).length > 0)
    throw refused(file, 'it has factors', 'leave factors out: advise changes one thing at a time itself')
  const all = advised(scenario)
  if (all === null)
    throw refused(
      file,
      `nobody advises on the model ${scenario.model}`,
      `write model: ${ADVISED_MODELS.join(' or model: ')}`,
    )
  if (trace !== undefined) requestsOf(trace)
  const requests = trace === undefined ? '' : readRegularFile(trace).toString('utf8')
  return {
    scenario: all,
    cells: cellsOf(all),
    hash: digest(`${hash} ${JSON.stringify(all.factors)} ${requests}`),
  }
}

function refused(file: string, problem: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_LAB_SCENARIO', message: `${file}: ${problem}`, hint, exit: EXIT.usage })
}
