import { keccak } from '../../src/codec/hex.ts'
import { Dice } from '../../src/learning/dice.ts'
import type { ResidualModel, TreesModel } from '../../src/services/sentinel/model.ts'
import type { Sample } from '../../src/services/sentinel/residual.ts'
import { residualScore, windowLength } from '../../src/services/sentinel/residual.ts'
import { treesScores } from '../../src/services/sentinel/trees.ts'
import type { Digest } from '../../src/types/ids.ts'

export interface Models {
  readonly anomaly: ResidualModel
  readonly trees: readonly TreesModel[]
}

/** What one number stands for: samples for the residual model, and a row for each model of trees. */
export interface NumberedWindow {
  readonly samples: readonly Sample[]
  readonly rows: readonly (readonly number[])[]
}

/** Cells where exactness could fail: beyond the clamp, at it, the largest integers. */
const BOUNDS = [2 ** 41, -(2 ** 41), 2 ** 41 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0, -1]
/** Most cells lie within this many widths of the centre. */
const WIDTHS = 8

/** The window of a number in [0, 2³²): the same on every machine. */
export function windowOf(number: number, { anomaly, trees }: Models): NumberedWindow {
  const dice = new Dice(number)
  const metrics = anomaly.centers.length / anomaly.lags.length
  const cell = (metric: number): number | null => {
    const kind = dice.below(64)
    if (kind === 0) return null
    if (kind === 1) return BOUNDS[dice.below(BOUNDS.length)] ?? 0
    const width = anomaly.widths[metric] ?? 1
    const parts = dice.below(WIDTHS * 2_048) - WIDTHS * 1_024
    return (anomaly.centers[metric] ?? 0) + Math.floor((width * parts) / 1_024)
  }
  // a member that has just begun has a shorter window
  const length = 1 + dice.below(windowLength(anomaly))
  const samples = Array.from({ length }, () => Array.from({ length: metrics }, (_, metric) => cell(metric)))
  return { samples, rows: trees.map((model) => rowOf(model, dice)) }
}

/** A row whose cells lie at thresholds of the model, or one beside them: there a comparison decides. */
function rowOf(model: TreesModel, dice: Dice): number[] {
  const row = model.features.map(() => BOUNDS[dice.below(BOUNDS.length)] ?? 0)
  for (const tree of model.trees) {
    const node = dice.below(tree.features.length)
    const feature = tree.features[node] ?? -1
    if (feature >= 0) row[feature] = (tree.thresholds[node] ?? 0) + dice.below(3) - 1
  }
  return row
}

/** All scores of a window, as a node computes them. */
export function scoresOf({ samples, rows }: NumberedWindow, { anomaly, trees }: Models): number[] {
  return [
    residualScore(anomaly, samples),
    ...trees.flatMap((model, place) => treesScores(model, rows[place] ?? [])),
  ]
}

/** keccak-256 of all scores of a range of windows, in order, as decimals with commas. */
export function digestOfRange(first: number, count: number, models: Models): Digest {
  const scores: number[] = []
  for (let number = first; number < first + count; number += 1)
    scores.push(...scoresOf(windowOf(number, models), models))
  return digestOf(scores)
}

export function digestOf(scores: readonly (number | bigint)[]): Digest {
  return keccak(new TextEncoder().encode(scores.join(',')))
}
