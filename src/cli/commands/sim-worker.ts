import { parentPort, workerData } from 'node:worker_threads'
import { runSeed } from '../../sim/run-seed.ts'
import type { PercentRange, SimulatedLiar } from '../../sim/scenario.ts'
import { appOf } from './sim-app.ts'
import { cryptoFor } from './sim-crypto.ts'

/** What a thread is given to do. */
export interface SimWork {
  readonly first: number
  readonly last: number
  /** This thread takes every `step`-th seed. */
  readonly step: number
  readonly heights: number
  readonly liar: SimulatedLiar | null
  readonly liarPercent: PercentRange | null
  readonly nodes?: number
  readonly reorgs?: boolean
  readonly absence?: boolean
  /** Folder of a built application; absent: the rate limit. */
  readonly appFolder?: string
}

const { first, last, step, appFolder, ...options } = workerData as SimWork
// before any seed chooses its hash: bundles are named by the real one
const app = await appOf(appFolder)
for (let seed = first; seed <= last; seed += step)
  parentPort?.postMessage(await runSeed(seed, { ...options, ...app, keys: cryptoFor(seed) }))
