import { keccak } from '../../codec/hex.ts'
import type { Digest } from '../../types/ids.ts'
import { squareRoot } from '../placement/balance.ts'

/** What a node would carry after a change. */
export interface Forecast {
  /** Mbit/s */
  readonly throughput: number
  /** Part of it that will be used, ‰, and how far off that may be, ‰. */
  readonly use: number
  readonly spread: number
}

/** ΔT = T_optimised − T_current, kbit/s. */
export interface Estimate {
  readonly delta: number
  readonly sd: number
  /** [ΔT − 1.96 σ, ΔT + 1.96 σ], rounded outwards. */
  readonly ci95: readonly [number, number]
}

/** Most runs of one estimate. */
export const RUNS_MAX = 100_000

/**
 * Throughput gained by a change, by Monte Carlo: every run draws each node's use evenly from use ± spread. The draws follow
 * from the seed, so everybody gets the same figures.
 *
 * @param currentMbit throughput now, Mbit/s
 * @param runs 1 … RUNS_MAX
 */
export function estimateGain(
  seed: Digest,
  nodes: readonly Forecast[],
  currentMbit: number,
  runs: number,
): Estimate {
  const draw = drawsOf(seed)
  let sum = 0n
  let squares = 0n
  for (let i = 0; i < runs; i += 1) {
    const total = nodes.reduce((kbit, { throughput, use, spread }) => {
      const drawn = use - spread + (draw() % (2 * spread + 1))
      return kbit + throughput * Math.min(1000, Math.max(0, drawn))
    }, 0)
    const gain = BigInt(total - 1000 * currentMbit)
    sum += gain
    squares += gain * gain
  }
  const n = BigInt(runs)
  const delta = Number(sum / n)
  const sd = Number(squareRoot((n * squares - sum * sum) / (n * n)))
  const margin = Math.ceil((196 * sd) / 100)
  return { delta, sd, ci95: [delta - margin, delta + margin] }
}

/** u32 after u32, from a seed: a Weyl sequence, mixed (splitmix32). */
function drawsOf(seed: Digest): () => number {
  let state = Number.parseInt(keccak(seed).slice(2, 10), 16)
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}
