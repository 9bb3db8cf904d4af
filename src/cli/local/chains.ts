/** Chain ids of local development chains: public test accounts, bare key files and the faucet are allowed there only. */
const LOCAL_CHAIN_IDS: ReadonlySet<number> = new Set([31337, 1337])

export function isLocalChain(chainId: number): boolean {
  return LOCAL_CHAIN_IDS.has(chainId)
}
