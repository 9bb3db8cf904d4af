import { Random } from '../faults/random.ts'

/**
 * A source of chance for one purpose of one seed. Treatments that are compared draw the same numbers for the same purpose,
 * whatever else they draw.
 */
export function stream(seed: number, purpose: string): Random {
  let mixed = Math.imul(seed ^ 0x811c9dc5, 0x9e3779b1)
  for (let i = 0; i < purpose.length; i += 1) {
    mixed = Math.imul(mixed ^ purpose.charCodeAt(i), 0x01000193)
    mixed ^= mixed >>> 15
  }
  return new Random(Math.imul(mixed, 0x2c1b3c6d))
}

/** In (0, 1): a logarithm exists. */
function open(random: Random): number {
  return (random.u32() + 0.5) / 2 ** 32
}

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(open(random))
}

/** By inversion. Shape below 1: failures come in bursts. */
export function weibull(random: Random, shape: number, mean: number): number {
  return (mean / gamma(1 + 1 / shape)) * (-Math.log(open(random))) ** (1 / shape)
}

/** By median and mean: μ = ln median, σ² = 2 ln(mean / median). */
export function lognormal(random: Random, median: number, mean: number): number {
  const sigma = Math.sqrt(2 * Math.log(mean / median))
  return median * Math.exp(sigma * normal(random))
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(open(random))) * Math.cos(2 * Math.PI * open(random))
}

/** Lanczos (g = 7, n = 9), for x > 0.5. */
function gamma(x: number): number {
  const parts = [
    676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
    -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
  ]
  const sum = parts.reduce((total, part, i) => total + part / (x + i), 0.9999999999998099)
  const t = x + 6.5
  return Math.sqrt(2 * Math.PI) * t ** (x - 0.5) * Math.exp(-t) * sum
}
