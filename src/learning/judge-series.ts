import { NO_LEVEL, watchLevel } from '../services/sentinel/level.ts'
import { Dice } from './dice.ts'
import { nabFileScore, nabNormalized } from './nab.ts'
import type { NabWindows } from './nab.ts'
import { round } from './result.ts'
import type { Figure, Kind, ReadData } from './result.ts'
import { readSeries, windowRows } from './series.ts'
import type { Part, Split } from './split.ts'

/** Published scores per file: windows, then one column per detector. */
export interface NabBoard {
  readonly columns: readonly string[]
  readonly files: Readonly<Record<string, readonly number[]>>
}

/** Values are kept in thousandths. */
const SCALE = 1_000

/** Alarms of the level detector, one flag per value. */
export function levelAlarms(values: readonly number[]): boolean[] {
  let state = NO_LEVEL
  return values.map((value) => {
    const verdict = watchLevel(state, Math.round(value * SCALE))
    state = verdict.state
    return verdict.isAlarm
  })
}

/** Normalised score of each detector over the files of a part. */
export function judgeSeries(read: ReadData, split: Split, part: Part, board: NabBoard): Figure[] {
  const all = JSON.parse(read('nab/labels_windows.json')) as Record<string, string[][]>
  const files = split[part].map((file) => {
    const { times, values } = readSeries(file, read(`nab/${file}.gz`))
    return { file, values, windows: windowRows(file, times, all[file] ?? []) }
  })
  const windows = files.reduce((sum, { windows: own }) => sum + own.length, 0)
  const row = (method: string, kind: Kind, each: readonly number[]): Figure => ({
    set: 'nab',
    method,
    kind,
    measure: 'NAB score, standard',
    value: round(
      nabNormalized(
        each.reduce((sum, score) => sum + score, 0),
        windows,
      ),
    ),
    n: windows,
    each: Object.fromEntries(files.map(({ file }, place) => [file, round(each[place] ?? 0)])),
  })
  const own = (flags: (values: readonly number[]) => boolean[]): number[] =>
    files.map(({ values, windows: wanted }: { values: readonly number[]; windows: NabWindows }) =>
      nabFileScore(flags(values), wanted),
    )
  const published = (detector: string): number[] =>
    files.map(({ file }) => board.files[file]?.[board.columns.indexOf(detector)] ?? 0)
  return [
    row('random, one alarm in 645 rows', 'random', own(randomAlarms)),
    row('windowedGaussian', 'published', published('windowedGaussian')),
    row('randomCutForest', 'published', published('randomCutForest')),
    row('numenta', 'published', published('numenta')),
    row('level', 'simple', own(levelAlarms)),
  ]
}

/** As often as the benchmark's own detector `random` at its best threshold, 0.99845. */
function randomAlarms(values: readonly number[]): boolean[] {
  const dice = new Dice(1)
  return values.map(() => dice.below(645) === 0)
}
