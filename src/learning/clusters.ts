import { Dice } from './dice.ts'

const ROUNDS = 15

/**
 * Centres of k-means (Lloyd 1982) from rows drawn by the seed.
 *
 * @param rows integers, all of one width
 */
export function fitClusters(rows: readonly (readonly number[])[], seed: number, count: number): number[][] {
  const centers = new Dice(seed).sample(rows.length, count).map((place) => [...(rows[place] ?? [])])
  for (let round = 0; round < ROUNDS; round += 1) {
    const sums = centers.map((center) => ({ count: 0, sum: center.map(() => 0) }))
    for (const row of rows) {
      const nearest = sums[nearestOf(centers, row).place]
      if (nearest === undefined) continue
      nearest.count += 1
      row.forEach((value, column) => {
        nearest.sum[column] = (nearest.sum[column] ?? 0) + value
      })
    }
    sums.forEach(({ count: members, sum }, place) => {
      if (members > 0) centers[place] = sum.map((value) => Math.round(value / members))
    })
  }
  return centers
}

/** Nearest centre, and the sum of absolute differences to it. */
export function nearestOf(
  centers: readonly (readonly number[])[],
  row: readonly number[],
): { readonly place: number; readonly distance: number } {
  let found = { place: 0, distance: Number.POSITIVE_INFINITY }
  centers.forEach((center, place) => {
    let distance = 0
    for (let column = 0; column < row.length; column += 1)
      distance += Math.abs((row[column] ?? 0) - (center[column] ?? 0))
    if (distance < found.distance) found = { place, distance }
  })
  return found
}
