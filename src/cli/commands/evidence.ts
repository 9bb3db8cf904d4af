import { submitEvidence } from '../../adapters/evm/operator.ts'
import { RsdpError } from '../../types/errors.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { renderExplanation } from '../../audit/evidence/explain.ts'
import { explainCalldata, explainConviction, openCourt } from '../court.ts'
import { readEvidenceFile, writeEvidenceFile } from '../evidence-file.ts'
import type { ChainOptions, EvidenceShowOptions, WalletOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'
import { withWallet } from '../wallet-session.ts'
import { parseTaskId } from './task-list.ts'

/** Convictions of a task, each judged again. Exit 6 if the audit finds that anything does not fit. */
export async function evidenceList(
  id: string,
  options: ChainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { report } = await openCourt(parseTaskId(id), options)
  const rows = report.convictions.map(({ offence, member, height, percent, reporter, block }, i) => [
    i + 1,
    offence,
    member,
    height,
    `${percent} %`,
    reporter,
    block,
  ])
  const text = table(['n', 'kind', 'member', 'height', 'share', 'reporter', 'block'], rows)
  const { convictions, verdict } = report
  output.result({ verdict, convictions }, rows.length === 0 ? 'nobody was convicted in this task' : text)
  return verdict === 'mismatch' ? EXIT.mismatch : EXIT.ok
}

/** One conviction in full: rule, objects side by side, arithmetic, who paid whom. */
export async function evidenceShow(
  id: string,
  number: string,
  options: EvidenceShowOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const opened = await openCourt(taskId, options)
  const index = Number(number) - 1
  const conviction = opened.report.convictions[index]
  const data = opened.evidence[index]
  if (conviction === undefined || data === undefined) {
    throw new RsdpError({
      code: 'E_USAGE',
      message: `task ${id} has no conviction number '${number}'`,
      hint: `rsdp evidence list ${id} numbers them`,
      exit: EXIT.usage,
    })
  }
  const { explanation, lines } = explainConviction(opened, conviction, data)
  if (options.out !== undefined) writeEvidenceFile(options.out, { taskId, data })
  output.result({ conviction, explanation, data }, lines.join('\n'))
  return 'proved' in explanation.verdict ? EXIT.ok : EXIT.mismatch
}

/** Judges a proof in a file by the rules alone. Exit 6 if it proves nothing. */
export async function evidenceVerify(
  file: string,
  options: ChainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const { taskId, data } = await readEvidenceFile(file)
  const { court } = await openCourt(taskId, options)
  const explanation = explainCalldata(court, data)
  output.result({ explanation }, renderExplanation(explanation).join('\n'))
  return 'proved' in explanation.verdict ? EXIT.ok : EXIT.mismatch
}

/** Brings a proof to the slasher. Sends nothing that proves nothing, and nothing that the contract refuses. */
export async function evidenceSubmit(
  file: string,
  options: WalletOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { output } = context
  const { taskId, data } = await readEvidenceFile(file)
  const { court } = await openCourt(taskId, options)
  const explanation = explainCalldata(court, data)
  if ('refused' in explanation.verdict) {
    output.result({ explanation, transaction: null }, renderExplanation(explanation).join('\n'))
    return EXIT.mismatch
  }
  return withWallet({ ...options, yes: true, dryRun: false }, context, async ({ wallet }) => {
    const { hash, block, gasUsed } = await submitEvidence(wallet, data)
    const text = `convicted in block ${block}, transaction ${hash}: rsdp explain ${hash}`
    output.result({ explanation, transaction: { hash, block, gasUsed } }, text)
    return EXIT.ok
  })
}
