import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { readRegularFile } from '../../adapters/files/regular-file.ts'
import { floorVerdicts, JUDGES } from '../../learning/judge.ts'
import type { FloorVerdict } from '../../learning/judge.ts'
import type { NabBoard } from '../../learning/judge-series.ts'
import { TRAINERS } from '../../learning/models.ts'
import type { SplitFile } from '../../learning/models.ts'
import type { ReadData } from '../../learning/result.ts'
import { modelHash } from '../../services/sentinel/model.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { ExitCode } from '../../types/exit-codes.ts'
import { RsdpError } from '../../types/errors.ts'
import type { LearnEvaluateOptions, LearnTrainOptions } from '../options.ts'
import { table } from '../output.ts'
import type { CommandContext } from '../run-command.ts'

/** Fits every committed model anew. */
export async function learnTrain(
  folder: string,
  { out, split }: LearnTrainOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  const read = reader(folder)
  const parts = readJson(split) as SplitFile
  const models: { file: string; hash: string; bytes: number }[] = []
  for (const [file, train] of TRAINERS) {
    output.say(`fitting ${file}`)
    const text = train(read, parts)
    if (out !== undefined) await writeFile(join(out, file), text)
    models.push({ file, hash: modelHash(text), bytes: text.length })
  }
  output.result({ models }, models.map(({ file, hash }) => `${hash}  ${file}`).join('\n'))
  return EXIT.ok
}

/** Figures of each method on a part of the data sets; exit 6 if a floor is missed. */
export async function learnEvaluate(
  folder: string,
  sets: readonly string[],
  { part, split, board }: LearnEvaluateOptions,
  { output }: CommandContext,
): Promise<ExitCode> {
  if (part !== 'chosen' && part !== 'judged') throw misuse(`"${part}" is no part`, 'say chosen or judged')
  const wanted = sets.length === 0 ? Object.keys(JUDGES) : sets
  const inputs = {
    read: reader(folder),
    split: readJson(split) as SplitFile,
    board: readJson(board) as NabBoard,
  }
  const figures = wanted.flatMap((set) => {
    const judge = JUDGES[set]
    if (judge === undefined)
      throw misuse(`"${set}" is no data set`, `say one of ${Object.keys(JUDGES).join(', ')}`)
    output.say(`judging ${set}`)
    return judge(inputs, part)
  })
  const floors = floorVerdicts(figures)
  const rows = figures.map(({ set, method, kind, measure, value, interval, n }) => [
    ...[set, measure, method, kind, String(value)],
    ...[interval === undefined ? '' : `${String(interval[0])} … ${String(interval[1])}`, n],
  ])
  const lines = [
    table(['set', 'measure', 'method', 'kind', 'value', '95 %', 'n'], rows),
    '',
    ...floors.map(floorLine),
  ]
  output.result({ part, figures, floors }, lines.join('\n'))
  await Promise.resolve()
  return floors.every(({ isMet }) => isMet) ? EXIT.ok : EXIT.mismatch
}

function floorLine({ floor, value, limit, isMet }: FloorVerdict): string {
  const than = floor.isError === true ? 'below' : 'above'
  const who = typeof floor.against === 'number' ? '' : ` (${floor.against})`
  return `${isMet ? '✔' : '✖ LOST'} ${floor.set}, ${floor.measure}: ${String(value)}, wanted ${than} ${String(limit)}${who}`
}

/** Reads files of a data folder, unpacking them. */
function reader(folder: string): ReadData {
  return (path) => {
    const bytes = readBytes(join(folder, path))
    return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString()
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readBytes(path).toString())
  } catch (cause) {
    if (cause instanceof RsdpError) throw cause
    throw new RsdpError({
      code: 'E_DATA_FILE',
      message: `${path} is not JSON`,
      hint: 'docs/learning.md says what each file holds',
      exit: EXIT.precondition,
      cause,
    })
  }
}

function readBytes(path: string): Buffer {
  try {
    return readRegularFile(path)
  } catch (cause) {
    throw new RsdpError({
      code: 'E_DATA_FILE',
      message: `cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
      hint: 'docs/learning.md says which files a data folder holds',
      exit: EXIT.precondition,
      cause,
    })
  }
}

function misuse(message: string, hint: string): RsdpError {
  return new RsdpError({ code: 'E_USAGE', message, hint, exit: EXIT.usage })
}
