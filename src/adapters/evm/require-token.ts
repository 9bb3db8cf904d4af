import { Contract } from 'ethers'
import type { StakeToken } from '../../../types/ethers-contracts/dev/StakeToken.ts'
import { RsdpError } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Address } from '../../types/ids.ts'
import { abis } from './abi.ts'
import { HTTP_LIMITS, HttpRpc } from './http-rpc.ts'
import { nodePost } from './node-post.ts'
import { RpcProvider } from './rpc-provider.ts'
import { parseRpcUrl } from './rpc-url.ts'

/**
 * Asks a token what every ERC-20 answers. A deployment is bound to its token for ever, and its constructor does not look.
 *
 * @throws RsdpError E_TOKEN, E_RPC_URL, E_RPC_DOWN
 */
export async function requireToken(rpcUrl: string, chainId: number, token: Address): Promise<void> {
  const rpc = new HttpRpc(parseRpcUrl(rpcUrl), HTTP_LIMITS, nodePost)
  const provider = new RpcProvider(rpc, BigInt(chainId))
  // the dev token is an ERC-20 with a faucet: for what is asked here its interface is that of all
  const contract = new Contract(token, abis().StakeToken, provider) as unknown as StakeToken
  try {
    await Promise.all([contract.symbol(), contract.decimals(), contract.totalSupply()])
  } catch (cause) {
    if (cause instanceof RsdpError) throw cause
    throw new RsdpError({
      code: 'E_TOKEN',
      message: `${token} on chain ${chainId} does not answer as an ERC-20 token: symbol, decimals, totalSupply`,
      hint: 'check the address and the chain; nothing was deployed',
      exit: EXIT.precondition,
      details: { token, chainId },
      cause,
    })
  } finally {
    rpc.close()
    provider.destroy()
  }
}
