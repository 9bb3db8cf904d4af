import { floorDiv } from './fixed.ts'

/** Cycles at the start of a life that say what is usual for this machine. */
const FIRST = 15
const SHORT = 10
const LONG = 40

/**
 * What a life so far says: its length, and per measurement the means of the last 10 and 40 cycles and how far the short mean
 * is from the mean of the first 15. Fewer cycles make shorter means.
 *
 * @param cycles measurements of each cycle so far, integers, the present one last, at least one
 */
export function lifeFeatures(cycles: readonly (readonly number[])[]): number[] {
  const features = [cycles.length]
  const width = cycles[0]?.length ?? 0
  for (let column = 0; column < width; column += 1) {
    const short = meanOf(cycles, column, cycles.length - SHORT, cycles.length)
    const long = meanOf(cycles, column, cycles.length - LONG, cycles.length)
    const first = meanOf(cycles, column, 0, FIRST)
    features.push(short, long, short - first)
  }
  return features
}

/** Names of the features of a life, for reasons. */
export function lifeFeatureNames(width: number): string[] {
  const names = ['cycles so far']
  for (let column = 0; column < width; column += 1) {
    const measured = column < 3 ? `setting ${String(column + 1)}` : `sensor ${String(column - 2)}`
    names.push(
      `${measured}, last ${String(SHORT)}`,
      `${measured}, last ${String(LONG)}`,
      `${measured}, drift`,
    )
  }
  return names
}

function meanOf(cycles: readonly (readonly number[])[], column: number, from: number, to: number): number {
  const first = Math.max(0, from)
  const last = Math.min(cycles.length, to)
  let sum = 0
  for (let cycle = first; cycle < last; cycle += 1) sum += cycles[cycle]?.[column] ?? 0
  return floorDiv(sum, Math.max(1, last - first))
}
