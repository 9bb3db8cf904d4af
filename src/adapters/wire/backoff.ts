/**
 * Wait before the next attempt: doubles from `msMin` up to `msMax`, then spread over its upper half, so that peers cut
 * at the same moment do not come back at the same moment.
 *
 * @param attempt 0 for the first wait
 * @param random in [0, 1)
 * @returns milliseconds in [w/2, w), w = min(msMax, msMin · 2^attempt)
 */
export function backoffMs(attempt: number, msMin: number, msMax: number, random: number): number {
  // above 2^30 the shift is far beyond any msMax
  const widthMs = Math.min(msMax, msMin * 2 ** Math.min(attempt, 30))
  return widthMs / 2 + (random * widthMs) / 2
}
