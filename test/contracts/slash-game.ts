/** Slashing as a game: what a seat can be made to pay, and what that is worth to whom. Amounts in token wei. */

export const LOCK = 777n
export const BOUNTY = 50n

/** A proof against a seat: base share of the lock in per cent, and whether it adds up with those of others. */
export interface Proof {
  readonly percent: number
  readonly correlated: boolean
}

const RUNGS: readonly Proof[] = [
  { percent: 1, correlated: false },
  { percent: 5, correlated: true },
  { percent: 20, correlated: false },
  { percent: 100, correlated: true },
]

/**
 * Proofs against one seat, each of which adds to the one before. All choices of the four shares, and a wrong reduction that is
 * proved again with one more of the n members that it misled.
 */
export function ladders(n: number): readonly (readonly Proof[])[] {
  const subsets = Array.from({ length: 2 ** RUNGS.length }, (_, bits) =>
    RUNGS.filter((_rung, i) => (bits >> i) & 1),
  )
  const reduction = Array.from({ length: n + 1 }, (_, misled): Proof => {
    return { percent: Math.floor(20 + (80 * misled) / n), correlated: false }
  })
  return [...subsets, reduction]
}

export interface Slashed {
  /** What each seat's lock has lost at release. */
  readonly taken: readonly bigint[]
  /** What reporters of the proofs against each seat were credited. */
  readonly credited: readonly bigint[]
  readonly burnt: bigint
}

export const due = (percent: number): bigint => (LOCK * BigInt(percent) + 99n) / 100n

/** docs/decisions.md, section 8; every seat weighs 1. */
export function slashed(proofs: readonly (readonly Proof[])[]): Slashed {
  const n = proofs.length
  const isCorrelated = proofs.map((one) => one.some(({ correlated }) => correlated))
  const credited: bigint[] = []
  const taken = proofs.map((one, seat) => {
    let percent = 0
    let credit = 0n
    for (const proof of one) {
      // what adds nothing is refused
      if (proof.percent <= percent) continue
      const amount = due(proof.percent) - due(percent)
      credit += amount / 10n < BOUNTY ? amount / 10n : BOUNTY
      percent = proof.percent
    }
    credited.push(credit)
    const others = isCorrelated.filter((correlated, i) => correlated && i !== seat).length
    const atRelease = isCorrelated[seat] === true ? Math.floor(5 * (1 + (3 * others) / n)) : 0
    return due(Math.max(percent, atRelease))
  })
  const all = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n)
  return { taken, credited, burnt: all(taken) - all(credited) }
}

/** All ways to pick `count` of them, whatever the order: seats that weigh the same are alike. */
export function* picks<T>(from: readonly T[], count: number, first = 0): Generator<T[]> {
  if (count === 0) {
    yield []
    return
  }
  for (let i = first; i < from.length; i += 1)
    for (const rest of picks(from, count - 1, i)) yield [from[i]!, ...rest]
}
