import { readFile } from 'node:fs/promises'
import { requireRegularFile } from '../../adapters/files/regular-file.ts'
import { residualScoreOf, treesScoresOf } from '../../audit/scores.ts'
import { linesOf, badRow } from '../../learning/rows.ts'
import { readModel } from '../../services/sentinel/model.ts'
import type { ResidualModel, TreesModel } from '../../services/sentinel/model.ts'
import { residualParts, residualScore, windowLength } from '../../services/sentinel/residual.ts'
import type { Sample } from '../../services/sentinel/residual.ts'
import { contributions, treesScores } from '../../services/sentinel/trees.ts'
import { encodeRow } from '../../services/sentinel/words.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { RsdpError } from '../../types/errors.ts'
import type { Hex } from '../../types/ids.ts'
import type { LearnExplainOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** Reasons that are shown. */
const REASONS_MAX = 8

/** Recomputes a score by the nodes' way and the auditor's, and says what it is made of. Exit 6 if the two differ. */
export async function learnExplain(
  path: string,
  rowsPath: string,
  { hash, row }: LearnExplainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const model = readModel(await textOf(path), hash as Hex)
  if (typeof model === 'string')
    throw new RsdpError({
      code: 'E_MODEL',
      message: `${path} is not the pinned model: ${model}`,
      hint: 'take the file whose hash the task pins',
      exit: EXIT.mismatch,
    })
  const lines = linesOf(await textOf(rowsPath)).map((line) => line.split(','))
  const place = (row ?? lines.length) - 1
  if (lines[place] === undefined) throw badRow(rowsPath, place + 1, 'there is no such row')
  const { names, scores, again, reasons } =
    model.kind === 'residual@1'
      ? ofResidual(model, rowsPath, lines, place)
      : ofTrees(model, rowsPath, lines, place)
  const isEqual = scores.every((score, at) => BigInt(score) === again[at])
  const shown = [...reasons].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).slice(0, REASONS_MAX)
  output.result(
    {
      model: hash,
      kind: model.kind,
      row: place + 1,
      names,
      scores,
      recomputed: again,
      isEqual,
      reasons: shown,
    },
    [
      ...names.map((name, at) => `${name.padEnd(24)} ${String(scores[at])}  recomputed ${String(again[at])}`),
      '',
      table(['reason', 'adds'], shown),
      '',
      isEqual ? '✔ both ways give the same score' : '✖ the two ways differ',
    ].join('\n'),
  )
  return isEqual ? EXIT.ok : EXIT.mismatch
}

interface Explained {
  readonly names: readonly string[]
  readonly scores: readonly number[]
  readonly again: readonly bigint[]
  readonly reasons: readonly (readonly [name: string, adds: number])[]
}

/** Cells are integers; an empty cell is a missing value. */
function ofResidual(
  model: ResidualModel,
  file: string,
  lines: readonly string[][],
  place: number,
): Explained {
  const metrics = model.centers.length / model.lags.length
  const first = Math.max(0, place + 1 - windowLength(model))
  const window = lines.slice(first, place + 1).map((cells, at): Sample => {
    if (cells.length !== metrics) throw badRow(file, first + at + 1, `has not ${String(metrics)} cells`)
    return cells.map((cell) => (cell.trim() === '' ? null : integerOf(file, first + at + 1, cell)))
  })
  const parts = residualParts(model, window)
  return {
    names: ['anomaly / 1,024'],
    scores: [residualScore(model, window)],
    again: [residualScoreOf(model, window)],
    reasons: parts.map((part, metric) => [`metric ${String(metric + 1)}`, part]),
  }
}

function ofTrees(model: TreesModel, file: string, lines: readonly string[][], place: number): Explained {
  const cells = lines[place] ?? []
  const { words, features, names } = model
  if (cells.length !== features.length)
    throw badRow(file, place + 1, `has not ${String(features.length)} cells`)
  const numbers = cells.map((cell, at) =>
    (words[at] ?? []).length > 0 ? 0 : integerOf(file, place + 1, cell),
  )
  const row = encodeRow(words, numbers, cells)
  const scores = treesScores(model, row)
  const output = scores.indexOf(Math.max(...scores))
  return {
    names,
    scores,
    again: treesScoresOf(model, row),
    reasons: [...contributions(model, row, output)].map(([feature, adds]) => [features[feature] ?? '', adds]),
  }
}

function integerOf(file: string, line: number, cell: string): number {
  const value = Number(cell)
  if (!Number.isSafeInteger(value)) throw badRow(file, line, `"${cell.slice(0, 20)}" is not an integer`)
  return value
}

async function textOf(path: string): Promise<string> {
  try {
    requireRegularFile(path)
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new RsdpError({
      code: 'E_DATA_FILE',
      message: `cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'name a file that is there',
      exit: EXIT.precondition,
      cause,
    })
  }
}
