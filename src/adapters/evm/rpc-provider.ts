import type { JsonRpcPayload, JsonRpcResult } from 'ethers'
import { JsonRpcProvider, Network } from 'ethers'
import { invariant } from '../../types/errors.ts'
import type { HttpRpc } from './http-rpc.ts'

/** ethers' provider over our own HTTP: no batches, no cache, no look-ups of the network, no polling of events. */
export class RpcProvider extends JsonRpcProvider {
  readonly #http: HttpRpc

  constructor(http: HttpRpc, chainId: bigint) {
    // a network without plug-ins: some of ethers' ask third parties for fees
    const network = new Network('evm', chainId)
    super(http.url.shown, network, { staticNetwork: network, batchMaxCount: 1, cacheTimeout: -1 })
    this.#http = http
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    invariant(!Array.isArray(payload), 'requests are not batched')
    // errors too: the base class takes both, its subclass only says less
    return [(await this.#http.request(payload)) as JsonRpcResult]
  }
}
