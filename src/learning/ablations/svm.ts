import { Dice } from '../dice.ts'

const STEPS = 60_000
const LAMBDA = 1e-4

/**
 * Linear support vector machine by Pegasos (Shalev-Shwartz, Singer, Srebro 2007), on standardised columns. Every second step
 * takes a positive row, so that the rarer class counts as much. Of the laboratory: its weights are floating-point numbers.
 *
 * @returns the signed distance of a row from the plane, up to a factor
 */
export function fitSvm(
  rows: readonly (readonly number[])[],
  labels: readonly boolean[],
): (row: readonly number[]) => number {
  const dice = new Dice(1)
  const width = rows[0]?.length ?? 0
  const mean = (of: (row: readonly number[]) => number): number =>
    rows.reduce((sum, row) => sum + of(row), 0) / Math.max(1, rows.length)
  const centers = Array.from({ length: width }, (_, column) => mean((row) => row[column] ?? 0))
  const spreads = centers.map((center, column) =>
    Math.sqrt(mean((row) => ((row[column] ?? 0) - center) ** 2)),
  )
  const scaled = (row: readonly number[]): number[] => [
    1,
    ...centers.map((center, column) => {
      const spread = spreads[column] ?? 0
      return spread < 1e-9 ? 0 : ((row[column] ?? 0) - center) / spread
    }),
  ]
  const sides = [true, false].map((side) => rows.filter((_, row) => labels[row] === side).map(scaled))
  const weights = new Float64Array(width + 1)
  for (let step = 1; step <= STEPS; step += 1) {
    const side = sides[step % 2] ?? []
    const row = side[dice.below(side.length)]
    if (row === undefined) continue
    const wanted = step % 2 === 0 ? 1 : -1
    const rate = 1 / (LAMBDA * (step + 1 / LAMBDA))
    const isInside = wanted * dot(weights, row) < 1
    for (let column = 0; column <= width; column += 1) {
      const shrunk = (weights[column] ?? 0) * (1 - rate * LAMBDA)
      weights[column] = shrunk + (isInside ? rate * wanted * (row[column] ?? 0) : 0)
    }
  }
  return (row) => dot(weights, scaled(row))
}

function dot(weights: Float64Array, row: readonly number[]): number {
  let sum = 0
  for (let column = 0; column < weights.length; column += 1)
    sum += (weights[column] ?? 0) * (row[column] ?? 0)
  return sum
}
