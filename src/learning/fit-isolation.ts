import type { Forest, Tree } from '../services/sentinel/trees.ts'
import { Dice } from './dice.ts'

const SAMPLE = 256
const DEPTH_MAX = 8

/**
 * Isolation forest (Liu, Ting, Zhou 2008). A leaf holds minus the length of its path in thousandths, with the mean length that
 * its rows would still need: the sum over the trees rises with the anomaly.
 *
 * @param rows integers
 */
export function fitIsolation(rows: readonly (readonly number[])[], seed: number, trees: number): Forest {
  const dice = new Dice(seed)
  return {
    outputs: 1,
    trees: Array.from({ length: trees }, () =>
      isolate(
        dice.sample(rows.length, SAMPLE).map((place) => rows[place] ?? []),
        dice,
      ),
    ),
  }
}

function isolate(sample: readonly (readonly number[])[], dice: Dice): Tree {
  const tree = {
    features: [] as number[],
    thresholds: [] as number[],
    no: [] as number[],
    values: [] as number[],
  }
  const grow = (rows: readonly (readonly number[])[], depth: number): void => {
    const node = tree.features.length
    const split = rows.length < 2 || depth >= DEPTH_MAX ? null : randomSplit(rows, dice)
    if (split === null) {
      tree.features.push(-1)
      tree.thresholds.push(tree.values.length)
      tree.no.push(0)
      tree.values.push(-1_000 * depth - expectedPath(rows.length))
      return
    }
    const [feature, threshold] = split
    tree.features.push(feature)
    tree.thresholds.push(threshold)
    tree.no.push(0)
    grow(
      rows.filter((row) => (row[feature] ?? 0) <= threshold),
      depth + 1,
    )
    tree.no[node] = tree.features.length
    grow(
      rows.filter((row) => (row[feature] ?? 0) > threshold),
      depth + 1,
    )
  }
  grow(sample, 0)
  return tree
}

function randomSplit(rows: readonly (readonly number[])[], dice: Dice): readonly [number, number] | null {
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const feature = dice.below(rows[0]?.length ?? 1)
    const values = rows.map((row) => row[feature] ?? 0)
    const low = Math.min(...values)
    const high = Math.max(...values)
    // from low to high − 1: both sides get a row
    if (low < high) return [feature, low + Math.floor(((high - low) * dice.next()) / 0x1_0000_0000)]
  }
  return null
}

/** Mean path of a search in a random tree over n rows, in thousandths: 2 H(n − 1) − 2 (n − 1) / n. */
function expectedPath(rows: number): number {
  if (rows < 2) return 0
  let harmonic = 0
  for (let term = 1; term < rows; term += 1) harmonic += 1 / term
  return Math.round(1_000 * (2 * harmonic - (2 * (rows - 1)) / rows))
}
