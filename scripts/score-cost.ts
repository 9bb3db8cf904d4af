import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Models } from '../test/helpers/score-windows.ts'
import { scoresOf, windowOf } from '../test/helpers/score-windows.ts'

/** What one node spends on the scores of all members, and what it holds for them. */
export interface EpochCost {
  readonly members: number
  /** Processor time of one epoch, ms: the median of many. */
  readonly ms: number
  /** Heap of the models and of one epoch's windows, MiB. */
  readonly heapMiB: number
}

const EPOCHS = 201

/** @param load reads the models anew, so that what they hold is counted, too */
export function costOfEpoch(members: number, load: () => Models): EpochCost {
  const before = liveBytes()
  const models = load()
  const windows = Array.from({ length: members }, (_, member) => windowOf(member, models))
  const heapMiB = (liveBytes() - before) / 2 ** 20
  const times = Array.from({ length: EPOCHS }, () => {
    const start = process.cpuUsage()
    for (const window of windows) scoresOf(window, models)
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1_000
  }).sort((a, b) => a - b)
  const ms = times[Math.floor(EPOCHS / 2)] ?? 0
  return { members, ms: round(ms), heapMiB: round(heapMiB) }
}

/** Bytes that are still in use after a collection. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
