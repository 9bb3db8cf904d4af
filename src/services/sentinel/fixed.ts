/**
 * Integer arithmetic of scores. Every value stays below 2⁵³ in magnitude, where JavaScript's numbers are exact, so a score is
 * the same on every machine. No Math.exp, log or tanh: their last bits are not fixed by the language.
 */

/** Raw values beyond this count as this: 2⁴¹. */
export const VALUE_MAX = 2 ** 41

/** Quotient towards −∞; exact for |a| < 2⁵³ and b > 0. */
export function floorDiv(a: number, b: number): number {
  return Math.floor(a / b)
}

export function clamp(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value))
}

const LOG_BITS = 16

/**
 * Binary logarithm of a ratio of integers in 1/65,536, towards −∞.
 *
 * @param a, b integers from 1 to 2²⁶
 */
export function log2Ratio(a: number, b: number): number {
  return log2(a) - log2(b)
}

/** By repeated squaring of a 26-bit mantissa: the square has 52 bits. */
function log2(value: number): number {
  let whole = 0
  let mantissa = value
  while (mantissa >= 2) {
    mantissa /= 2
    whole += 1
  }
  // division by two is exact: the mantissa in [1, 2) as an integer of 26 bits
  let fixed = Math.floor(mantissa * 2 ** 25)
  let fraction = 0
  for (let bit = 0; bit < LOG_BITS; bit += 1) {
    fixed = Math.floor((fixed * fixed) / 2 ** 25)
    fraction *= 2
    if (fixed >= 2 ** 26) {
      fixed = Math.floor(fixed / 2)
      fraction += 1
    }
  }
  return whole * 2 ** LOG_BITS + fraction
}
