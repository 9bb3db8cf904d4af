import { floorDiv } from './fixed.ts'

/**
 * A binary tree as five columns, node 0 first. An inner node asks whether a feature is at most a threshold: the next node is
 * its yes-branch, `no` the other one. A leaf has feature −1 and one value per output, at `values[outputs × leaf]`.
 */
export interface Tree {
  readonly features: readonly number[]
  /** Threshold of an inner node, number of the leaf otherwise. */
  readonly thresholds: readonly number[]
  readonly no: readonly number[]
  readonly values: readonly number[]
}

/** Trees whose leaf values are added. */
export interface Forest {
  readonly outputs: number
  readonly trees: readonly Tree[]
}

/** Number of the leaf in which a row of integers ends. */
export function leafOf(tree: Tree, row: readonly number[]): number {
  let node = 0
  for (;;) {
    const feature = tree.features[node] ?? -1
    const threshold = tree.thresholds[node] ?? 0
    if (feature < 0) return threshold
    node = (row[feature] ?? 0) <= threshold ? node + 1 : (tree.no[node] ?? 0)
  }
}

/** Sums of the leaf values, one per output. */
export function sumOfTrees({ outputs, trees }: Forest, row: readonly number[]): number[] {
  const sums = Array.from({ length: outputs }, () => 0)
  for (const tree of trees) {
    const leaf = leafOf(tree, row)
    for (let output = 0; output < outputs; output += 1)
      sums[output] = (sums[output] ?? 0) + (tree.values[leaf * outputs + output] ?? 0)
  }
  return sums
}

/** Scores of a trees model: base and sums, divided towards −∞. */
export function treesScores(
  model: Forest & { readonly base: readonly number[]; readonly divisor: number },
  row: readonly number[],
): number[] {
  return sumOfTrees(model, row).map((sum, output) => floorDiv(sum + (model.base[output] ?? 0), model.divisor))
}

/**
 * How much each feature moved the sums on the way down (Saabas 2014): per feature, the change of the mean of the leaves below,
 * for one output. The contributions and the mean of all leaves add up to the score, up to rounding.
 */
export function contributions(
  { outputs, trees }: Forest,
  row: readonly number[],
  output: number,
): Map<number, number> {
  const found = new Map<number, number>()
  for (const tree of trees) {
    const means = meansBelow(tree, outputs, output)
    let node = 0
    for (let feature = tree.features[0] ?? -1; feature >= 0; feature = tree.features[node] ?? -1) {
      const next = (row[feature] ?? 0) <= (tree.thresholds[node] ?? 0) ? node + 1 : (tree.no[node] ?? 0)
      found.set(feature, (found.get(feature) ?? 0) + (means[next] ?? 0) - (means[node] ?? 0))
      node = next
    }
  }
  return found
}

/** Mean of a branch's two means, from the leaves up: children come after their parent. */
function meansBelow(tree: Tree, outputs: number, output: number): number[] {
  const means = tree.features.map(() => 0)
  for (let node = tree.features.length - 1; node >= 0; node -= 1) {
    const isLeaf = (tree.features[node] ?? -1) < 0
    means[node] = isLeaf
      ? (tree.values[(tree.thresholds[node] ?? 0) * outputs + output] ?? 0)
      : floorDiv((means[node + 1] ?? 0) + (means[tree.no[node] ?? 0] ?? 0), 2)
  }
  return means
}
