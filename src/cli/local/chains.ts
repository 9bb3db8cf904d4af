import { chanceOf } from '../../types/chance.ts'

/** Local development chains: public test accounts, bare key files and the faucet are allowed there only. */
export function isLocalChain(chainId: number): boolean {
  return chanceOf(chainId) === 'local'
}
