/** Divergence of a set of states (paper, section 4). n = number of states compared. */
export interface Validity {
  /** Number of states compared. */
  readonly compared: number
  /** D_mg = max|P_l| / n: 1 when all agree; higher means less fragmentation. */
  readonly magnitude: number
  /** D_en = −Σ (|P_l|/n) · ln(|P_l|/n): 0 when all agree; higher means more fragmentation. */
  readonly entropy: number
  /** D_co = Σ (|P_l|/n)²: 1 when all agree; higher means less fragmentation. */
  readonly concentration: number
}

/**
 * Groups states by identical value into classes P_1 … P_l and measures their divergence. For the states of the last
 * SHAREs this is the paper's transitional, for finalised states its operational system validity.
 *
 * @param states one value per member heard, any order
 * @returns null for no states: nothing can be said
 */
export function measureValidity(states: readonly string[]): Validity | null {
  if (states.length === 0) return null
  const sizes = new Map<string, number>()
  for (const state of states) sizes.set(state, (sizes.get(state) ?? 0) + 1)
  const fractions = [...sizes.values()].map((size) => size / states.length)
  return {
    compared: states.length,
    magnitude: Math.max(...fractions),
    entropy: fractions.reduce((sum, p) => sum - p * Math.log(p), 0) + 0,
    concentration: fractions.reduce((sum, p) => sum + p * p, 0),
  }
}

/** Global validity of one node: its own aggregate is the finalised one, s*_i = ŝ*_i (paper, section 4). */
export function isGloballyValid(own: string, finalised: string): boolean {
  return own === finalised
}
