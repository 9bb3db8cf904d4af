import { openHistory } from '../../adapters/evm/history.ts'
import { readDeployment } from '../../adapters/evm/deployment.ts'
import { recoverSigner } from '../../adapters/keys/keyring.ts'
import { renderReport } from '../../audit/render.ts'
import { auditExitCode } from '../../audit/report.ts'
import { reportJson } from '../../audit/report-json.ts'
import { runAudit } from '../../audit/run.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import type { ChainOptions } from '../options.ts'
import type { CommandContext } from '../run-command.ts'
import { parseTaskId } from './task-list.ts'

/** Rebuilds and checks a task from chain data alone. Exit 6 on any mismatch: the finding names the field. */
export async function audit(
  id: string,
  options: ChainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const taskId = parseTaskId(id)
  const deployment = await readDeployment(options.deployment)
  output.say(`reading task ${id} from the chain …`)
  const history = openHistory(options.rpcUrl, deployment)
  try {
    const report = await runAudit(history, taskId, { recover: recoverSigner })
    output.result(reportJson(report), renderReport(report))
    return auditExitCode(report)
  } finally {
    history.close()
  }
}
