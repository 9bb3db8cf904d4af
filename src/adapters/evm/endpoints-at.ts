import { BatchedRpc } from './batched-rpc.ts'
import { EndpointPool } from './endpoints/pool.ts'
import type { RpcRequest } from './history-rpc.ts'
import { requestOver } from './history-rpc.ts'
import { HTTP_LIMITS, HttpRpc } from './http-rpc.ts'
import { nodePost } from './node-post.ts'
import { parseRpcUrls } from './rpc-url.ts'

/** Endpoints of an RPC URL, for those who read history. */
export interface Endpoints {
  /** Asks one that answers. */
  readonly request: RpcRequest
  /** Each by its name, if there are several; else none. */
  readonly others: ReadonlyMap<string, RpcRequest>
  readonly close: () => void
}

/** @param rpcUrl one URL, or several separated by white space. @throws RsdpError E_RPC_URL */
export function endpointsAt(rpcUrl: string): Endpoints {
  const rpcs = parseRpcUrls(rpcUrl).map((url) => new BatchedRpc(new HttpRpc(url, HTTP_LIMITS, nodePost)))
  const pool = new EndpointPool(rpcs, [])
  const named = rpcs.map((one, at) => [`${one.shown} (${at + 1})`, requestOver(one)] as const)
  return {
    request: requestOver(pool),
    others: new Map(rpcs.length === 1 ? [] : named),
    close: () => pool.close(),
  }
}
