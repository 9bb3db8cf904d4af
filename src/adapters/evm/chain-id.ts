import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import { HTTP_LIMITS, HttpRpc } from './http-rpc.ts'
import { nodePost } from './node-post.ts'
import { parseRpcUrl } from './rpc-url.ts'

/** Chain id of an endpoint that no deployment file speaks of yet. @throws RsdpError E_RPC_URL, E_RPC_DOWN */
export async function chainIdOf(rpcUrl: string): Promise<number> {
  const rpc = new HttpRpc(parseRpcUrl(rpcUrl), HTTP_LIMITS, nodePost)
  try {
    const answer = await rpc.request({ id: 1, jsonrpc: '2.0', method: 'eth_chainId', params: [] })
    const id = 'result' in answer ? Number(answer.result) : Number.NaN
    if (Number.isSafeInteger(id) && id > 0) return id
    throw new RsdpError({
      code: 'E_RPC_DOWN',
      message: `${rpc.url.shown} does not say which chain it serves`,
      hint: 'is it a JSON-RPC endpoint of an EVM chain?',
      exit: EXIT.unreachable,
    })
  } finally {
    rpc.close()
  }
}
