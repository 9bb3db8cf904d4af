import { invariant } from '../../types/errors.ts'

/**
 * Weights of a vote in profile `paper`: registered weight × level, capped so that each is less than a third of their sum.
 *
 * @param registered integers ≥ 1, by seat; at least four
 * @param levels integers ≥ 1, by seat, ‰
 * @returns integers ≥ 1; in the order of the seats
 */
export function trustedWeights(registered: readonly number[], levels: readonly number[]): number[] {
  invariant(registered.length === levels.length, 'a level per seat')
  const weights = registered.map((weight, seat) => weight * (levels[seat] ?? 0))
  const cap = capBelowThird(weights)
  return weights.map((weight) => Math.min(weight, cap))
}

/** The largest cap c with 3·min(w, c) < Σ min(w, c) for each w: at most two of four or more are above it. */
function capBelowThird(weights: readonly number[]): number {
  const [first = 0, second = 0, ...rest] = weights.toSorted((a, b) => b - a)
  const others = rest.reduce((sum, weight) => sum + weight, 0)
  if (3 * first < first + second + others) return first
  // one is capped: 3c < c + the others
  const one = Math.floor((second + others - 1) / 2)
  if (one >= second) return one
  // two are: 3c < 2c + the others
  return Math.max(1, others - 1)
}
