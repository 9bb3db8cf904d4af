import { askRpc, corsRpc } from './cors-rpc.ts'
import type { CorsRpc } from './cors-rpc.ts'

/** An endpoint that browsers may ask, in front of a chain. */
export interface BrowserRpc extends CorsRpc {
  /** Changes what the chain answers; set it back to `honest` to stop. */
  spoil: Spoil
}

export type Spoil = (method: string, params: readonly unknown[], result: unknown) => unknown

export const honest: Spoil = (_method, _params, result) => result

/** @param head the block that it says is the newest: two audits then read the same history */
export async function browserRpc(target: string, head: number): Promise<BrowserRpc> {
  const served = await corsRpc(async (_, method, params) => {
    const told =
      method === 'eth_blockNumber'
        ? { result: `0x${head.toString(16)}` }
        : await askRpc(target, method, params)
    return 'result' in told ? { result: rpc.spoil(method, params, told.result) } : told
  })
  const rpc: BrowserRpc = { ...served, spoil: honest }
  return rpc
}
