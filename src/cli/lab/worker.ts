import { parentPort, workerData } from 'node:worker_threads'
import type { NamedCell } from '../../lab/cells.ts'
import { playCell } from '../../lab/models.ts'
import { lineOf } from '../../lab/results.ts'
import { loadTrace } from './files.ts'
import { playFrames } from './frames.ts'

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
  if (named !== undefined) void play(named, seed)
})

/** A promise that is rejected ends the thread with its error. */
async function play({ name, cell }: NamedCell, seed: number): Promise<void> {
  const outcome = cell.model === 'frames' ? await playFrames(cell, seed) : playCell(cell, seed, trace)
  parentPort?.postMessage(lineOf(name, seed, outcome, measures))
}
