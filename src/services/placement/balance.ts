/** How evenly hosts are used, ‰. */
export interface Balance {
  /** Load balance index, max(0, 1 − CV): the document's "LBI > 0.85" and "CV < 0.15" are one target. */
  readonly lbi: number
  /** Coefficient of variation: standard deviation over mean. */
  readonly cv: number
  /** Jain's index, (Σx)² / (n Σx²): 1,000 for equal parts, 1,000 / n if one carries everything. */
  readonly jain: number
}

/** @param uses of the hosts, ‰ or any other unit, integers ≥ 0; nothing in use, or no hosts, counts as even */
export function balanceOf(uses: readonly number[]): Balance {
  const n = BigInt(uses.length)
  const sum = uses.reduce((total, use) => total + BigInt(use), 0n)
  const squares = uses.reduce((total, use) => total + BigInt(use) * BigInt(use), 0n)
  if (sum === 0n) return { lbi: 1000, cv: 0, jain: 1000 }
  // variance / mean² = (n Σx² − (Σx)²) / (Σx)²
  const cv = Number(squareRoot((1_000_000n * (n * squares - sum * sum)) / (sum * sum)))
  return { lbi: Math.max(0, 1000 - cv), cv, jain: Number((1000n * sum * sum) / (n * squares)) }
}

/** The integer square root, rounded down. */
export function squareRoot(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
