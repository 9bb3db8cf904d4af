import { parentPort, workerData } from 'node:worker_threads'
import type { NamedCell } from '../../lab/cells.ts'
import { playCell } from '../../lab/models.ts'
import { lineOf } from '../../lab/results.ts'
import { loadTrace } from './files.ts'

/** What a thread is given: the cells, and which measures to keep. Then it is sent runs, one after the other. */
export interface Job {
  readonly cells: readonly NamedCell[]
  readonly measures: readonly string[]
  /** A file of requests; absent: the recorded ones. */
  readonly trace?: string | undefined
}

export interface Run {
  readonly cell: number
  readonly seed: number
}

const { cells, measures, trace: requests } = workerData as Job
const trace = loadTrace(requests)

parentPort?.on('message', ({ cell, seed }: Run) => {
  const named = cells[cell]
  if (named === undefined) return
  parentPort?.postMessage(lineOf(named.name, seed, playCell(named.cell, seed, trace), measures))
})
