import type { Clock } from '../ports/clock.ts'
import type { Logger } from '../ports/logger.ts'
import type { Report } from '../services/placement/codec.ts'
import type { ReplicaReport } from '../services/replication/codec.ts'
import type { TxRow } from '../services/store/transactions.ts'
import { SAID_MAX } from '../services/transactions/slice.ts'
import type { SaidWait } from '../services/transactions/slice.ts'
import type { Address } from '../types/ids.ts'
import type { Agent } from './agent.ts'
import type { Assignment, Copy, ServiceKind } from './kind.ts'
import { whole } from './own-sample.ts'
import { crashed, stepsTo } from './supervise.ts'
import type { Supervised } from './supervise.ts'

export interface SupervisorInit {
  readonly kinds: readonly ServiceKind[]
  /** Folder of a copy. */
  readonly folderOf: (service: number) => string
  readonly clock: Clock
  readonly logger: Logger
  /** To the copy of a service on another member. */
  readonly send: (service: number, to: Address, bytes: Uint8Array) => void
}

interface Slot {
  state: Supervised
  copy: Copy | null
  /** Requests answered at the last report, and when that was. */
  counted: { readonly served: number; readonly atMs: number }
}

const LOOK_MS = 250

/** Runs the copies that the agreed placement gives this node: starts, restarts, drains and stops them. */
export class Supervisor implements Agent<readonly Assignment[]> {
  readonly #init: SupervisorInit
  readonly #slots = new Map<number, Slot>()
  readonly #stopLooking: () => void
  #wanted: ReadonlyMap<number, Assignment> = new Map()
  #stopping: Promise<void> | null = null

  constructor(init: SupervisorInit) {
    this.#init = init
    this.#stopLooking = init.clock.every(LOOK_MS, () => this.#act())
  }

  want(assignments: readonly Assignment[]): void {
    if (this.#stopping !== null) return
    this.#wanted = new Map(assignments.map((one) => [one.spec.service, one]))
    this.#act()
    for (const [service, assignment] of this.#wanted) {
      const slot = this.#slots.get(service)
      if (slot?.state.standing === 'running') this.#guarded(slot, (copy) => copy.assigned(assignment))
    }
  }

  /** What placement is told of the copies here. */
  reports(): readonly Report[] {
    const nowMs = this.#init.clock.nowMs()
    return [...this.#slots.values()]
      .flatMap((slot): Report[] => {
        const { service, standing } = slot.state
        if (standing === 'given-up') return [{ service, report: 'failed', load: 0 }]
        if (standing !== 'running' || slot.copy?.isReady() !== true) return []
        const served = slot.copy.served()
        const seconds = (nowMs - slot.counted.atMs) / 1000
        const load = seconds <= 0 ? 0 : whole((served - slot.counted.served) / seconds)
        slot.counted = { served, atMs: nowMs }
        return [{ service, report: 'running', load }]
      })
      .sort((a, b) => a.service - b.service)
  }

  /** What the stores here say of their data. */
  replicas(): readonly ReplicaReport[] {
    return [...this.#slots.values()]
      .flatMap(({ state: { service, standing }, copy }): ReplicaReport[] => {
        const report = standing === 'running' ? (copy?.report() ?? null) : null
        return report === null ? [] : [{ service, ...report }]
      })
      .sort((a, b) => a.service - b.service)
  }

  /** Who waits for whom at the locks here: the first of them. */
  waits(): readonly SaidWait[] {
    return [...this.#slots.values()]
      .flatMap(({ state, copy }) => (state.standing === 'running' ? (copy?.waits?.() ?? []) : []))
      .sort((a, b) => a.stamp - b.stamp)
      .slice(0, SAID_MAX)
  }

  /** Transactions at the stores here that lead. */
  transactions(): readonly TxRow[] {
    return [...this.#slots.values()].flatMap(({ state, copy }) =>
      state.standing === 'running' ? (copy?.transactions?.() ?? []) : [],
    )
  }

  /** The copy of a service here; null: none runs. */
  copy(service: number): Copy | null {
    const slot = this.#slots.get(service)
    return slot?.state.standing === 'running' ? slot.copy : null
  }

  /** Whether a copy of a service is wanted here, or still here. */
  has(service: number): boolean {
    return this.#wanted.has(service) || this.#slots.has(service)
  }

  /** Whether no copy is wanted here, or still here. */
  get isIdle(): boolean {
    return this.#wanted.size === 0 && this.#slots.size === 0
  }

  /** From the copy of a service on another member. */
  receive(service: number, from: Address, bytes: Uint8Array): void {
    const slot = this.#slots.get(service)
    if (slot?.state.standing === 'running') this.#guarded(slot, (copy) => copy.receive(from, bytes))
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    this.#stopLooking()
    this.#wanted = new Map()
    await Promise.all([...this.#slots.values()].map((slot) => this.#end(slot, false)))
  }

  #act(): void {
    const states = [...this.#slots.values()].map(({ state }) => state)
    for (const { step, service } of stepsTo(new Set(this.#wanted.keys()), states, this.#init.clock.nowMs())) {
      const slot = this.#slots.get(service)
      if (step === 'start') void this.#start(service, slot?.state.crashes ?? 0)
      else if (slot === undefined) continue
      else if (step === 'stop') void this.#end(slot, true)
      else this.#slots.delete(service)
    }
  }

  async #start(service: number, crashes: number): Promise<void> {
    const { kinds, folderOf, clock, logger, send } = this.#init
    const assignment = this.#wanted.get(service)
    if (assignment === undefined) return
    const state: Supervised = { service, standing: 'starting', crashes, dueMs: clock.nowMs() }
    const slot: Slot = { state, copy: null, counted: { served: 0, atMs: clock.nowMs() } }
    this.#slots.set(service, slot)
    const kind = kinds.find((one) => one.kind === assignment.spec.kind)
    if (kind === undefined) {
      slot.state = { ...state, standing: 'given-up' }
      logger.error('copy.no-kind', { service, kind: assignment.spec.kind })
      return
    }
    try {
      const copy = await kind.open({
        ...{ assignment, clock },
        folder: folderOf(service),
        send: (to, bytes) => send(service, to, bytes),
        onCrash: (error) => this.#crash(slot, error),
      })
      slot.copy = copy
    } catch (error) {
      this.#crash(slot, error)
      return
    }
    // it crashed, or was not wanted any more, before it was there
    if (slot.state.standing !== 'starting') return void slot.copy.stop().catch(() => undefined)
    slot.state = { ...slot.state, standing: 'running', dueMs: clock.nowMs() }
    logger.info('copy.running', { service, kind: kind.kind, crashes })
    const latest = this.#wanted.get(service)
    if (latest !== undefined) this.#guarded(slot, (one) => one.assigned(latest))
  }

  /** Drains, then stops. */
  async #end(slot: Slot, isLeaving: boolean): Promise<void> {
    const { logger } = this.#init
    const { service, standing } = slot.state
    if (standing === 'stopping') return
    slot.state = { ...slot.state, standing: 'stopping' }
    try {
      await slot.copy?.drain(isLeaving)
      await slot.copy?.stop()
    } catch (error) {
      logger.warn('copy.failed-to-stop', { service, error: String(error) })
    }
    if (this.#slots.get(service) === slot) this.#slots.delete(service)
    logger.info('copy.stopped', { service })
  }

  #crash(slot: Slot, error: unknown): void {
    const { clock, logger } = this.#init
    const { standing, service } = slot.state
    if (standing !== 'running' && standing !== 'starting') return
    slot.state = crashed(slot.state, clock.nowMs())
    const { crashes } = slot.state
    logger.error('copy.crashed', { service, crashes, standing: slot.state.standing, error: String(error) })
    const { copy } = slot
    slot.copy = null
    void copy?.stop().catch(() => undefined)
  }

  /** A copy that throws has crashed. */
  #guarded(slot: Slot, work: (copy: Copy) => void): void {
    if (slot.copy === null) return
    try {
      work(slot.copy)
    } catch (error) {
      this.#crash(slot, error)
    }
  }
}
