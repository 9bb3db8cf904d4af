import type { JsonRpcPayload, JsonRpcResult } from 'ethers'
import { JsonRpcProvider, Network } from 'ethers'
import { invariant, RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
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

  /** Only addresses are addresses: a name is never looked up on the chain, which would answer what its owner likes. */
  override resolveName(name: string): Promise<null> {
    throw new RsdpError({
      code: 'E_ADDRESS',
      message: `'${name}' is not an address`,
      hint: 'give 0x and 40 hex digits',
      exit: EXIT.usage,
    })
  }

  override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<JsonRpcResult[]> {
    invariant(!Array.isArray(payload), 'requests are not batched')
    // errors too: the base class takes both, its subclass only says less
    return [(await this.#http.request(payload)) as JsonRpcResult]
  }
}
