import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { MachineSample, Sampler } from '../../ports/sampler.ts'
import type { Counters, ReadCounters } from './counters.ts'
import { machineReader } from './machine-counters.ts'
import { processReader } from './process-counters.ts'

/** Looks closer together than this say what the last one said: a rate over less is noise. */
const APART_MS_MIN = 500
const LAG_RESOLUTION_MS = 20
const NS_PER_MS = 1e6

/** Rates out of counters. */
export class CounterSampler implements Sampler {
  readonly #read: ReadCounters
  readonly #nowMs: () => number
  readonly #lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  #last: { readonly atMs: number; readonly counters: Counters } | null = null
  #sample: MachineSample | null = null

  constructor(read: ReadCounters, nowMs: () => number) {
    this.#read = read
    this.#nowMs = nowMs
    this.#lag.enable()
  }

  sample(): MachineSample | null {
    const atMs = this.#nowMs()
    const last = this.#last
    if (last !== null && atMs - last.atMs < APART_MS_MIN) return this.#sample
    const counters = this.#read()
    if (counters === null) return null
    this.#last = { atMs, counters }
    if (last === null) return null
    this.#sample = this.#between(last.counters, counters, (atMs - last.atMs) / 1000)
    return this.#sample
  }

  #between(last: Counters, now: Counters, seconds: number): MachineSample {
    const { cores, memoryBytes, memoryUsedBytes, linkMbits } = now
    const p99 = this.#lag.percentile(99) / NS_PER_MS
    this.#lag.reset()
    // a counter that has fallen has begun again
    const grown = (name: 'coreSeconds' | 'networkBytes'): number => Math.max(0, now[name] - last[name])
    return {
      ...{ cores, memoryBytes, memoryUsedBytes, linkMbits },
      coresUsed: cores === 0 ? 0 : Math.min(1, grown('coreSeconds') / seconds / cores),
      networkMbits: (8 * grown('networkBytes')) / seconds / 1e6,
      eventLoopDelayMs: Number.isFinite(p99) ? Math.max(0, p99 - LAG_RESOLUTION_MS) : 0,
    }
  }
}

/**
 * @param of the whole `machine` (Linux: /proc, and the limits of the own cgroup v2), or this `process` alone: where several
 *   nodes share a machine, or it is no Linux
 */
export function createSampler(of: 'machine' | 'process'): Sampler {
  const machine = machineReader('/')
  const read = of === 'machine' && machine() !== null ? machine : processReader
  return new CounterSampler(read, () => performance.now())
}
