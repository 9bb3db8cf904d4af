import { AbiCoder } from 'ethers'
import type { TokenNames } from '../../ports/chain-history.ts'
import { RsdpError } from '../../types/errors.ts'
import type { Address, Hex } from '../../types/ids.ts'
import type { HistoryRpc } from './history-rpc.ts'

/** symbol() and decimals() of every ERC-20 that has them. */
const SYMBOL: Hex = '0x95d89b41'
const DECIMALS: Hex = '0x313ce567'

/** What a token calls itself at a block; null if it reverts or answers otherwise than ERC-20 says. @throws RsdpError E_RPC_DOWN */
export async function readTokenNames(
  rpc: HistoryRpc,
  token: Address,
  head: bigint,
): Promise<TokenNames | null> {
  try {
    const coder = AbiCoder.defaultAbiCoder()
    const [symbol] = coder.decode(['string'], await rpc.call(token, SYMBOL, head))
    const [decimals] = coder.decode(['uint256'], await rpc.call(token, DECIMALS, head))
    return { symbol: symbol as string, decimals: decimals as bigint }
  } catch (error) {
    if (error instanceof RsdpError && error.code !== 'E_RPC_REFUSED') throw error
    return null
  }
}
