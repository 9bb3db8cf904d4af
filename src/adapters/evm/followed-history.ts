import type { TaskHistory } from '../../ports/chain-history.ts'
import type { Digest } from '../../types/ids.ts'
import type { Deployment } from './deployment.ts'
import { endpointsAt } from './endpoints-at.ts'
import { EvmHistory } from './history.ts'
import type { RpcRequest } from './history-rpc.ts'
import { badAnswer, bytes } from './history-rpc.ts'
import { LogCache } from './log-cache.ts'

/** The history of a task that goes on: read again and again, each time up to a block that no re-org reaches. */
export interface FollowedHistory {
  /** The present block, or 0 where the chain is younger than `depth`; and that many blocks below it. */
  heads(): Promise<{ readonly head: bigint; readonly safe: bigint }>
  /** As `EvmHistory.pulse`. */
  pulse(taskId: bigint, upTo: bigint): Promise<string | null>
  read(taskId: bigint, upTo: bigint): Promise<TaskHistory>
  /** The hash that a block has now. */
  hashOf(block: bigint): Promise<Digest>
  /** What was read is not believed any more: the chain has changed below the safe block. */
  forget(): void
  close(): void
}

/**
 * History over the endpoints of a URL, for a watcher: logs and transactions that are `depth` blocks deep are asked for once.
 *
 * @param depth blocks that a re-org may replace
 * @throws RsdpError E_RPC_URL, E_NO_ARTIFACTS
 */
export function followHistory(
  rpcUrl: string,
  deployment: Deployment,
  depth = deployment.windows.reorgDepth,
): FollowedHistory {
  const { request, others, close } = endpointsAt(rpcUrl)
  const open = (): EvmHistory => new EvmHistory(remembering(request), deployment, new LogCache(null), others)
  let history = open()
  return {
    heads: async () => {
      const head = await history.head()
      return { head, safe: head > BigInt(depth) ? head - BigInt(depth) : 0n }
    },
    pulse: (taskId, upTo) => history.pulse(taskId, upTo),
    read: (taskId, upTo) => history.read(taskId, upTo),
    hashOf: async (block) => {
      const method = 'eth_getBlockByNumber'
      const answer = await request(method, [`0x${block.toString(16)}`, false])
      if (typeof answer !== 'object' || answer === null) throw badAnswer(method, `no block ${block}`)
      return bytes(method, (answer as { readonly hash?: unknown }).hash)
    },
    forget: () => {
      history = open()
    },
    close,
  }
}

/** Transactions that were served are asked for once: their hash is in a log that is deep enough. */
function remembering(request: RpcRequest): RpcRequest {
  const known = new Map<string, unknown>()
  return async (method, params) => {
    if (method !== 'eth_getTransactionByHash') return request(method, params)
    const key = String(params[0])
    const answer = known.get(key) ?? (await request(method, params))
    if (answer !== null) known.set(key, answer)
    return answer
  }
}
