/**
 * How good the chance is that draws clusters on a chain.
 *
 * - `good`: PREVRANDAO comes from a beacon chain with many proposers; one of them can bias one bit (EIP-4399)
 * - `weak`: one party builds the blocks, or the value may be known before sign-up ends, or nothing is known about the chain
 * - `local`: a development chain, whose values nobody has to trust
 */
export type Chance = 'good' | 'weak' | 'local'

/** Chains whose mixHash is the randomness of a beacon chain of their own: Ethereum, Gnosis, Hoodi, Sepolia, Holesky. */
const BEACON_CHAINS: ReadonlySet<number> = new Set([1, 100, 560_048, 11_155_111, 17_000])
/** Hardhat and anvil; Ganache and geth --dev. */
const LOCAL_CHAINS: ReadonlySet<number> = new Set([31_337, 1_337])

/**
 * The chance on a chain, by its id: no contract can tell. OP-stack chains copy the mixHash of an L1 block that their sequencer
 * has seen for minutes, other chains answer a constant; both are `weak`, like every chain that is not listed.
 */
export function chanceOf(chainId: number): Chance {
  if (LOCAL_CHAINS.has(chainId)) return 'local'
  return BEACON_CHAINS.has(chainId) ? 'good' : 'weak'
}
