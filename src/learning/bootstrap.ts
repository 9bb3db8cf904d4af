import { Dice } from './dice.ts'

const DRAWS = 1_000

/**
 * 95 % interval of a measure by the percentile bootstrap: the units (rows, engines, people, files) are drawn with replacement.
 *
 * @param measure of the places that were drawn
 */
export function bootstrap(
  units: number,
  seed: number,
  measure: (places: readonly number[]) => number,
  draws = DRAWS,
): readonly [low: number, high: number] {
  const dice = new Dice(seed)
  const values = Array.from({ length: draws }, () =>
    measure(Array.from({ length: units }, () => dice.below(units))),
  ).sort((a, b) => a - b)
  return [values[Math.floor(draws * 0.025)] ?? 0, values[Math.ceil(draws * 0.975) - 1] ?? 0]
}
