import type { Random } from '../../faults/random.ts'
import { exponential, stream } from '../draw.ts'

/** Requests of a recorded trace: when, and how large. */
export interface Trace {
  /** Ascending, ms from the first. */
  readonly atMs: readonly number[]
  /** Size of each, any unit. */
  readonly sizes: readonly number[]
  /** Use of recorded machines, each every five minutes over whole days, any unit. */
  readonly uses: readonly (readonly number[])[]
}

export interface Mix {
  readonly cpu: number
  readonly memory: number
  readonly io: number
}

/** What a request takes. */
export interface Demand {
  readonly cpuMs: number
  readonly memoryMb: number
  /** Disk operations. */
  readonly ops: number
}

/** What a request of mean size takes, by class. */
const CLASSES: Readonly<Record<keyof Mix, Demand>> = {
  cpu: { cpuMs: 20, memoryMb: 10, ops: 1 },
  memory: { cpuMs: 10, memoryMb: 1500, ops: 1 },
  io: { cpuMs: 8, memoryMb: 20, ops: 10 },
}
/** Largest size that counts, in mean sizes: without a limit one request would be a run. */
const SIZE_MAX = 8

/** Processor time of a mean request, ms: what a load is a part of. */
export function meanCpuMs(mix: Mix): number {
  return mix.cpu * CLASSES.cpu.cpuMs + mix.memory * CLASSES.memory.cpuMs + mix.io * CLASSES.io.cpuMs
}

/** Demands in the order of arrival: the same for every treatment of a seed. */
export class Demands {
  readonly #random: Random
  readonly #mix: Mix
  readonly #sizes: readonly number[]
  readonly #mean: number

  constructor(seed: number, mix: Mix, trace: Trace) {
    this.#random = stream(seed, 'demands')
    this.#mix = mix
    this.#sizes = trace.sizes
    this.#mean = trace.sizes.reduce((sum, size) => sum + size, 0) / trace.sizes.length
  }

  next(): Demand {
    const random = this.#random
    const roll = random.fraction()
    const { cpu, memory } = this.#mix
    const { cpuMs, memoryMb, ops } = CLASSES[roll < cpu ? 'cpu' : roll < cpu + memory ? 'memory' : 'io']
    const size = Math.min(SIZE_MAX, random.pick(this.#sizes) / this.#mean)
    return { cpuMs: cpuMs * size, memoryMb, ops }
  }
}

/** Load over time as a part of the cluster's processors. */
export type LoadAt = (ms: number) => number

export interface ArrivalSpec {
  readonly kind: 'trace' | 'poisson'
  /** Requests per ms at load 1. */
  readonly fullRate: number
  readonly loadAt: LoadAt
  /** Largest load that `loadAt` gives. */
  readonly peak: number
  readonly untilMs: number
}

/**
 * Times of arrival, ascending. `trace`: as many copies of the recorded trace as it takes, each from another place of it on,
 * thinned to the rate; time is never stretched.
 */
export function arrivals(seed: number, trace: Trace, spec: ArrivalSpec): Float64Array {
  const random = stream(seed, 'arrivals')
  const rate = spec.fullRate * spec.peak
  const times =
    spec.kind === 'poisson'
      ? poisson(random, rate, spec.untilMs)
      : superposed(random, trace, rate, spec.untilMs)
  times.sort()
  // a steady load keeps them all
  return times.filter((at) => {
    const part = spec.loadAt(at) / spec.peak
    return part >= 1 || random.chance(part)
  })
}

function poisson(random: Random, rate: number, untilMs: number): Float64Array {
  const times: number[] = []
  if (rate <= 0) return new Float64Array()
  for (let at = exponential(random, 1 / rate); at < untilMs; at += exponential(random, 1 / rate))
    times.push(at)
  return Float64Array.from(times)
}

function superposed(random: Random, { atMs }: Trace, rate: number, untilMs: number): Float64Array {
  const length = (atMs.at(-1) ?? 0) + 1
  const copies = Math.ceil((rate * length) / atMs.length)
  const kept = (rate * length) / atMs.length / Math.max(1, copies)
  const times: number[] = []
  for (let copy = 0; copy < copies; copy += 1) {
    const offset = random.fraction() * length
    let i = firstFrom(atMs, offset)
    for (let lap = 0; ;) {
      if (i === atMs.length) {
        i = 0
        lap += length
      }
      const at = (atMs[i] ?? 0) + lap - offset
      if (at >= untilMs) break
      if (random.chance(kept)) times.push(at)
      i += 1
    }
  }
  return Float64Array.from(times)
}

function firstFrom(atMs: readonly number[], offset: number): number {
  let [low, high] = [0, atMs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((atMs[middle] ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}
