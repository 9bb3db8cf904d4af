import { judgeConnections } from './judge-connections.ts'
import { judgeEngines } from './judge-engines.ts'
import { judgePeople } from './judge-people.ts'
import { judgeSeries } from './judge-series.ts'
import type { NabBoard } from './judge-series.ts'
import { asdMachines, judgeMachines, smdMachines } from './judge-servers.ts'
import { transferModel } from './models.ts'
import type { SplitFile } from './models.ts'
import type { Figure, ReadData } from './result.ts'
import type { Part } from './split.ts'

export interface JudgeInputs {
  readonly read: ReadData
  readonly split: SplitFile
  readonly board: NabBoard
}

/** What is judged of each data set: every method's figures on a part. */
export const JUDGES: Readonly<Record<string, (inputs: JudgeInputs, part: Part) => Figure[]>> = {
  asd: ({ read, split }, part) =>
    judgeMachines(
      'asd',
      asdMachines(read, split.asd, part),
      part === 'judged' ? transferModel(read, split) : undefined,
    ),
  smd: ({ read, split }, part) => judgeMachines('smd', smdMachines(read, split.smd, part)),
  nab: ({ read, split, board }, part) => judgeSeries(read, split.nab, part, board),
  kdd99: ({ read, split }, part) => judgeConnections(read, part, split.kdd99.heldOutNames),
  cmapss: ({ read }, part) => judgeEngines(read, part),
  'training-shells': ({ read }, part) => judgePeople(read, part),
}

/** What the learned method of a set must beat, on the judged part. */
export interface Floor {
  readonly set: string
  readonly method: string
  readonly measure: string
  /** Method whose figure is the floor, or the figure itself. */
  readonly against: string | number
  /** Lower is better. */
  readonly isError?: true
}

export const FLOORS: readonly Floor[] = [
  {
    set: 'asd',
    method: 'residual@1',
    measure: 'average precision',
    against: 'PCA residual, moving average 5',
  },
  {
    set: 'smd',
    method: 'residual@1',
    measure: 'average precision',
    against: 'PCA residual, moving average 5',
  },
  { set: 'nab', method: 'level', measure: 'NAB score, standard', against: 'randomCutForest' },
  { set: 'kdd99', method: 'forest', measure: 'macro F1', against: 0.711 },
  { set: 'cmapss', method: 'boosted trees', measure: 'RMSE, cap 125', against: 18.5, isError: true },
  {
    set: 'training-shells',
    method: 'words, letters, Markov',
    measure: 'AUC, same exercise',
    against: 'naive Bayes over words',
  },
  {
    set: 'training-shells',
    method: 'words, letters, Markov',
    measure: 'AUC, other exercise',
    against: 'naive Bayes over words',
  },
]

export interface FloorVerdict {
  readonly floor: Floor
  readonly value: number
  readonly limit: number
  readonly isMet: boolean
}

/** A floor with a number is met by the whole interval, if there is one; a floor with a method by the figure. */
export function floorVerdicts(figures: readonly Figure[]): FloorVerdict[] {
  const find = (set: string, method: string, measure: string): Figure | undefined =>
    figures.find((figure) => figure.set === set && figure.method === method && figure.measure === measure)
  return FLOORS.flatMap((floor): FloorVerdict[] => {
    const figure = find(floor.set, floor.method, floor.measure)
    if (figure === undefined) return []
    const limit =
      typeof floor.against === 'number'
        ? floor.against
        : (find(floor.set, floor.against, floor.measure)?.value ?? Number.POSITIVE_INFINITY)
    const [low, high] = figure.interval ?? [figure.value, figure.value]
    const isNumber = typeof floor.against === 'number'
    const isMet =
      floor.isError === true
        ? (isNumber ? high : figure.value) < limit
        : (isNumber ? low : figure.value) > limit
    return [{ floor, value: figure.value, limit, isMet }]
  })
}
