import type { ChainHistory } from '../ports/chain-history.ts'
import type { AuditOptions } from './audit-task.ts'
import { auditTask } from './audit-task.ts'
import type { AuditReport } from './report.ts'

/**
 * Reads a task's history and judges it. Whoever calls this has nothing but an RPC endpoint and a deployment file.
 *
 * @throws RsdpError as `ChainHistory.read`; what does not fit together is a finding, not an error
 */
export async function runAudit(
  history: Pick<ChainHistory, 'read'>,
  taskId: bigint,
  options: AuditOptions = {},
): Promise<AuditReport> {
  return auditTask(await history.read(taskId), options)
}
