import type { ChainHistory } from '../../ports/chain-history.ts'
import type { Deployment } from './deployment-schema.ts'
import { endpointsAt } from './endpoints-at.ts'
import { EvmHistory } from './history.ts'
import type { KeepsLogs } from './log-memory.ts'

/**
 * History over one RPC endpoint or several, from a deployment file alone. Nothing is checked here that a judge could check:
 * a wrong chain or a changed contract is a finding, not an error.
 *
 * @throws RsdpError E_RPC_URL, E_NO_ARTIFACTS
 */
export function openHistory(
  rpcUrl: string,
  deployment: Deployment,
  cache?: KeepsLogs,
): ChainHistory & { close(): void } {
  const { request, others, close } = endpointsAt(rpcUrl)
  const history = new EvmHistory(request, deployment, cache, others)
  return {
    read: (taskId, upTo) => history.read(taskId, upTo),
    countTasks: () => history.countTasks(),
    readBooks: () => history.readBooks(),
    readToken: () => history.readToken(),
    close,
  }
}
