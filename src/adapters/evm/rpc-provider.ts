import type { JsonRpcPayload, JsonRpcResult } from 'ethers'
import { JsonRpcProvider, Network } from 'ethers'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Rpc } from './http-rpc.ts'
import { refusalError, troubleOf } from './trouble.ts'

/** ethers' provider over our own HTTP: no batches, no cache, no look-ups of the network, no polling of events. */
export class RpcProvider extends JsonRpcProvider {
  readonly #rpc: Rpc

  constructor(rpc: Rpc, chainId: bigint) {
    // a network without plug-ins: some of ethers' ask third parties for fees
    const network = new Network('evm', chainId)
    super(rpc.shown, network, { staticNetwork: network, batchMaxCount: 1, cacheTimeout: -1 })
    this.#rpc = rpc
  }

  /** Only addresses are addresses: a name is never looked up on the chain, which would answer what its owner likes. */
  override resolveName(name: string): Promise<null> {
    throw new RsdpError({
      code: 'E_ADDRESS',
      message: `'${name}' is not an address`,
      hint: 'give 0x and 40 hex digits',
      exit: EXIT.usage,
    })
  }

  /** @throws RsdpError of `refusalError` for every refusal but a revert: ethers would lose the endpoint's words */
  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    invariant(!Array.isArray(payload), 'requests are not batched')
    const { method } = payload
    const answer = await this.#rpc.request(payload)
    if ('error' in answer) {
      const { code, message = '' } = answer.error
      const data = answer.error.data as unknown
      const refusal = { method, status: 200, code, message, data }
      const isCall = method === 'eth_call' || method === 'eth_estimateGas'
      if (!isCall || troubleOf(refusal) !== 'revert') throw refusalError(this.#rpc.shown, refusal)
    }
    // errors too: the base class takes both, its subclass only says less
    return [answer as JsonRpcResult]
  }
}
