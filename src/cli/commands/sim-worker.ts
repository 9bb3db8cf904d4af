import { parentPort, workerData } from 'node:worker_threads'
import type { LiarName } from '../../faults/catalog.ts'
import { runSeed } from '../../sim/run-seed.ts'
import type { PercentRange } from '../../sim/scenario.ts'
import { cryptoFor } from './sim-crypto.ts'

/** What a thread is given to do. */
export interface SimWork {
  readonly first: number
  readonly last: number
  /** This thread takes every `step`-th seed. */
  readonly step: number
  readonly heights: number
  readonly liar: LiarName | null
  readonly liarPercent: PercentRange | null
  readonly nodes?: number
  readonly reorgs?: boolean
  readonly absence?: boolean
}

const { first, last, step, ...options } = workerData as SimWork
for (let seed = first; seed <= last; seed += step)
  parentPort?.postMessage(await runSeed(seed, { ...options, keys: cryptoFor(seed) }))
