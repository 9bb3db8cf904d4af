/**
 * Rebuilds and checks every step of a task from chain data alone; exit code 6 on any mismatch.
 *
 *   node scripts/audit.ts [taskId] [rpcUrl] [deploymentFile]
 */
import { readDeployment } from '../src/adapters/evm/deployment.ts'
import { recoverSigner } from '../src/adapters/keys/keyring.ts'
import { openHistory } from '../src/adapters/evm/open-history.ts'
import { renderReport } from '../src/audit/render.ts'
import { auditExitCode } from '../src/audit/report.ts'
import { runAudit } from '../src/audit/run.ts'
import { parseTaskId } from '../src/cli/commands/task-list.ts'
import { runScript } from '../src/cli/run-script.ts'

await runScript(async ([taskId = '1', rpcUrl = 'http://127.0.0.1:8545', file = 'deployments/31337.json']) => {
  const history = openHistory(rpcUrl, await readDeployment(file))
  const report = await runAudit(history, parseTaskId(taskId), { recover: recoverSigner })
  console.log(renderReport(report))
  return auditExitCode(report)
})
