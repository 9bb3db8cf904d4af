import { modelText } from '../services/sentinel/model.ts'
import type { ResidualModel } from '../services/sentinel/model.ts'
import { fitResidual } from './fit-residual.ts'
import { chosenConnections, fitConnections } from './judge-connections.ts'
import { chosenEngines, fitLife } from './judge-engines.ts'
import { asdMachines, RESIDUAL } from './judge-servers.ts'
import type { SmdSplit } from './judge-servers.ts'
import type { ReadData } from './result.ts'
import type { Split } from './split.ts'

/** The committed split. */
export interface SplitFile {
  readonly asd: Split
  readonly smd: SmdSplit
  readonly nab: Split
  readonly kdd99: { readonly heldOutNames: readonly string[] }
}

/** Fitted on the training rows of the chosen servers, one after the other: each with the scale of all. */
export function transferModel(read: ReadData, split: SplitFile): ResidualModel {
  const rows = asdMachines(read, split.asd, 'chosen').flatMap(({ train }) => train.slice(0, TRANSFER_ROWS))
  return fitResidual(rows, { ...RESIDUAL, about: `asd: training rows of ${split.asd.chosen.join(', ')}` })
}

/** One week of 5 minutes of each server. */
const TRANSFER_ROWS = 2_016

/** Each committed model, trained anew: file name and text. */
export const TRAINERS: readonly (readonly [
  file: string,
  train: (read: ReadData, split: SplitFile) => string,
])[] = [
  ['anomaly.json', (read, split) => modelText(transferModel(read, split))],
  [
    'connections.json',
    (read) => modelText(fitConnections(chosenConnections(read), 'kdd99: rows 0, 2, 4, …')),
  ],
  ['life.json', (read) => modelText(fitLife(chosenEngines(read), 'C-MAPSS FD001: engines 1 to 80'))],
]
