import type { NodeSpec } from './cluster.ts'
import type { Demand } from './workload.ts'

/** Work that a node has taken on. */
export interface Slot {
  readonly startMs: number
  readonly endMs: number
}

/**
 * A machine as queues: as many servers as cores, first come first served; one disk; memory that requests hold while they are
 * there. Processor and disk work side by side, and a request is done when both are.
 */
export class Machine {
  readonly spec: NodeSpec
  isUp = true
  /** Counts crashes: answers of a life before are lost. */
  life = 0
  /** Part of its messages that get lost. */
  loss = 0
  /** Its processors and its disk take so many times as long. */
  slowness = 1
  /** It says that it is idle. */
  isLying = false
  /** Nobody hears it and it hears nobody, but it runs. */
  isCut = false
  /** Memory in use. */
  memoryMb = 0
  /** Processor work, and disk work, that began since the last look, ms. */
  cpuBusyMs = 0
  diskBusyMs = 0
  served = 0
  readonly #coresFreeMs: Float64Array
  #diskFreeMs: number

  constructor(spec: NodeSpec, nowMs: number) {
    this.spec = spec
    this.#coresFreeMs = new Float64Array(spec.cores).fill(nowMs)
    this.#diskFreeMs = nowMs
  }

  get isReachable(): boolean {
    return this.isUp && !this.isCut
  }

  /** Takes a request on; null: there is no memory for it. */
  take(nowMs: number, { cpuMs, memoryMb, ops }: Demand): Slot | null {
    if (this.memoryMb + memoryMb > this.spec.memoryMb) return null
    this.memoryMb += memoryMb
    const cores = this.#coresFreeMs
    let core = 0
    for (let i = 1; i < cores.length; i += 1) if ((cores[i] ?? 0) < (cores[core] ?? 0)) core = i
    const startMs = Math.max(nowMs, cores[core] ?? 0)
    const cpuEndMs = startMs + cpuMs * this.slowness
    cores[core] = cpuEndMs
    const diskMs = (1000 * ops * this.slowness) / this.spec.iops
    this.#diskFreeMs = Math.max(nowMs, this.#diskFreeMs) + diskMs
    this.cpuBusyMs += cpuMs * this.slowness
    this.diskBusyMs += diskMs
    return { startMs, endMs: Math.max(cpuEndMs, this.#diskFreeMs) }
  }

  give(memoryMb: number): void {
    this.memoryMb -= memoryMb
  }

  diskBacklogMs(nowMs: number): number {
    return Math.max(0, this.#diskFreeMs - nowMs)
  }

  /** Time of processors that is already promised beyond now, ms of one core. */
  backlogMs(nowMs: number): number {
    return this.#coresFreeMs.reduce((sum, free) => sum + Math.max(0, free - nowMs), 0)
  }

  crash(): void {
    this.isUp = false
    this.life += 1
  }

  restart(nowMs: number): void {
    this.isUp = true
    this.memoryMb = 0
    this.#coresFreeMs.fill(nowMs)
    this.#diskFreeMs = nowMs
  }
}
