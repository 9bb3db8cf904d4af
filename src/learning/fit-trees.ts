import { sumOfTrees } from '../services/sentinel/trees.ts'
import type { Forest } from '../services/sentinel/trees.ts'
import { Dice } from './dice.ts'
import { binned, growTree } from './grow.ts'

export interface BoostOptions {
  readonly seed: number
  readonly trees: number
  readonly depthMax: number
  readonly rowsMin: number
  /** Features tried at each split. */
  readonly tried: number
  /** Share of the rows that a tree sees. */
  readonly share: number
  /** Share of what a tree found that is believed. */
  readonly rate: number
}

/**
 * Gradient boosting for squared error (Friedman 2001): each tree grows on what the trees before it left.
 *
 * @param rows integers; @param targets integers, one per row
 * @returns trees and what is added to their sum
 */
export function fitBoosted(
  rows: readonly (readonly number[])[],
  targets: readonly number[],
  options: BoostOptions,
): Forest & { readonly base: readonly [number] } {
  const dice = new Dice(options.seed)
  const bins = binned(rows)
  const base = Math.round(targets.reduce((sum, target) => sum + target, 0) / Math.max(1, targets.length))
  const left = Float64Array.from(targets, (target) => target - base)
  const trees = []
  for (let round = 0; round < options.trees; round += 1) {
    const taken = dice.sample(rows.length, Math.floor(rows.length * options.share)).sort((a, b) => a - b)
    const tree = growTree(bins, left, 1, taken, { ...options, dice, scale: options.rate })
    trees.push(tree)
    rows.forEach((row, place) => {
      left[place] = (left[place] ?? 0) - (sumOfTrees({ outputs: 1, trees: [tree] }, row)[0] ?? 0)
    })
  }
  return { outputs: 1, trees, base: [base] }
}

export interface BaggedOptions {
  readonly seed: number
  readonly trees: number
  readonly depthMax: number
  readonly rowsMin: number
  readonly tried: number
  /** Most rows of one class that a tree sees: rare classes are not drowned. */
  readonly perClass: number
}

/**
 * Random forest (Breiman 2001) on samples with at most so many rows of each class. A leaf votes with shares in thousandths.
 *
 * @param classes class of each row, from 0
 */
export function fitForest(
  rows: readonly (readonly number[])[],
  classes: readonly number[],
  outputs: number,
  options: BaggedOptions,
): Forest {
  const dice = new Dice(options.seed)
  const bins = binned(rows)
  const targets = new Float64Array(rows.length * outputs)
  const byClass = Array.from({ length: outputs }, (): number[] => [])
  classes.forEach((wanted, row) => {
    targets[row * outputs + wanted] = 1
    byClass[wanted]?.push(row)
  })
  const trees = []
  for (let round = 0; round < options.trees; round += 1) {
    const taken = byClass.flatMap((members) =>
      dice.sample(members.length, options.perClass).map((place) => members[place] ?? 0),
    )
    trees.push(
      growTree(
        bins,
        targets,
        outputs,
        taken.sort((a, b) => a - b),
        { ...options, dice, scale: 1_000 },
      ),
    )
  }
  return { outputs, trees }
}
