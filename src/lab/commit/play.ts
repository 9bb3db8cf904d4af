import { uint } from '../../codec/hex.ts'
import type { Random } from '../../faults/random.ts'
import {
  coordinatorStep,
  newCoordinator,
  recoverCoordinator,
} from '../../services/transactions/coordinator.ts'
import type {
  Coordinator,
  CoordinatorEvent,
  CoordinatorRecord,
} from '../../services/transactions/coordinator.ts'
import { decisions, encodeDecision } from '../../services/transactions/decisions.ts'
import type { DecisionState } from '../../services/transactions/decisions.ts'
import { leaderStep, startLeader } from '../../services/transactions/leader.ts'
import type { Leader } from '../../services/transactions/leader.ts'
import type { Effects, Sent, Submission, Terms } from '../../services/transactions/messages.ts'
import { NEW_PARTICIPANT, participantStep } from '../../services/transactions/participant.ts'
import type { Participant, ParticipantEvent } from '../../services/transactions/participant.ts'
import type { Address } from '../../types/ids.ts'
import type { Outcome } from '../../types/transaction.ts'
import { stream } from '../draw.ts'
import { Heap } from '../queue/heap.ts'
import type { Timed } from '../queue/heap.ts'
import type { Cell } from '../scenario.ts'

interface Event extends Timed {
  readonly run: () => void
}

/** Between two looks of a role at what it waits for. */
const TIMEOUT_MS = 200
const END_MS = 120_000
/** Deadline of a transaction in the agreed log. */
const TTL_MS = 1000

/**
 * Transactions one after the other, by the production machines, with times: messages take half a round trip, the agreed log has
 * a height every so often, a coordinator that dies is back after its repair.
 */
export function playCommits(cell: Cell, seed: number): Record<string, number> {
  const random = stream(seed, 'commits')
  const worlds = Array.from({ length: cell.commits.count }, () => new CommitWorld(cell, random.fork()).run())
  const count = (of: (world: CommitWorld) => boolean): number => worlds.filter(of).length
  const mean = (of: (world: CommitWorld) => number): number =>
    worlds.reduce((sum, world) => sum + of(world), 0) / worlds.length
  const tookMs = worlds.reduce((sum, { endMs }) => sum + endMs, 0)
  return {
    atomic: count(({ isAtomic }) => isAtomic) / worlds.length,
    aborts: count(({ outcome }) => outcome === 'abort') / worlds.length,
    undecided: count(({ outcome }) => outcome === null) / worlds.length,
    commits_per_s: (1000 * count(({ outcome }) => outcome === 'commit')) / tookMs,
    latency_ms: mean(({ endMs }) => endMs),
    blocked_ms: mean(({ blockedMs }) => blockedMs),
    blocked_max_ms: Math.max(...worlds.map(({ blockedMs }) => blockedMs)),
  }
}

class CommitWorld {
  readonly #cell: Cell
  readonly #random: Random
  readonly #heap = new Heap<Event>()
  readonly #terms: Terms
  #coordinator: Coordinator
  readonly #records: CoordinatorRecord[] = []
  #isAlive = true
  #hasDied = false
  readonly #parts = new Map<number, { state: Participant; leader: Leader | null; yesMs: number | null }>()
  readonly #refuser: number | null
  #log: DecisionState = decisions.empty
  #heights = 0
  #submitted: { readonly from: number; readonly what: Submission }[] = []
  #nowMs = 0
  endMs = 0
  /** Longest time that a participant was in doubt. */
  blockedMs = 0

  constructor(cell: Cell, random: Random) {
    this.#cell = cell
    this.#random = random
    const participants = Array.from({ length: cell.commits.participants }, (_, i) => i + 1)
    this.#terms = { protocol: cell.protocol, coordinator: 0, participants }
    this.#coordinator = newCoordinator(this.#terms)
    this.#refuser = random.chance(cell.commits.contention) ? random.pick(participants) : null
    for (const node of participants)
      this.#parts.set(node, { state: NEW_PARTICIPANT, leader: null, yesMs: null })
  }

  get outcome(): Outcome | null {
    return [...this.#parts.values()][0]?.state.final ?? null
  }

  get isAtomic(): boolean {
    return new Set([...this.#parts.values()].flatMap(({ state }) => state.final ?? [])).size <= 1
  }

  get #isOver(): boolean {
    return [...this.#parts.values()].every(({ state }) => state.final !== null)
  }

  run(): this {
    this.#at(0, () => this.#coordinate({ kind: 'start' }))
    this.#every(TIMEOUT_MS, () => {
      if (this.#isAlive) this.#coordinate({ kind: 'timeout' })
      for (const node of this.#parts.keys()) this.#participate(node, { kind: 'timeout' })
    })
    if (this.#terms.protocol === 'agreed') this.#every(this.#cell.commits.height_ms, () => this.#height())
    for (let event = this.#heap.pop(); event !== null && !this.#isOver; event = this.#heap.pop()) {
      if (event.atMs > END_MS) break
      this.#nowMs = event.atMs
      event.run()
    }
    this.endMs = this.#nowMs
    for (const node of this.#parts.keys()) this.#doubt(node)
    return this
  }

  #at(afterMs: number, run: () => void): void {
    this.#heap.push({ atMs: this.#nowMs + afterMs, order: 0, run })
  }

  #every(periodMs: number, run: () => void): void {
    this.#at(periodMs, () => {
      run()
      this.#every(periodMs, run)
    })
  }

  #coordinate(event: CoordinatorEvent): void {
    const before = this.#coordinator.phase
    const step = coordinatorStep(this.#coordinator, event)
    const { phase } = step.state
    this.#coordinator = step.state
    if (phase === this.#cell.commits.death && before !== phase && !this.#hasDied) {
      // what it has written stays, what it would have sent does not go out
      this.#records.push(...step.records)
      this.#hasDied = true
      this.#isAlive = false
      this.#at(this.#cell.commits.repair_ms, () => this.#restart())
      return
    }
    this.#records.push(...step.records)
    this.#perform(0, step)
  }

  #restart(): void {
    this.#isAlive = true
    this.#coordinator = recoverCoordinator(this.#terms, this.#records)
    this.#coordinate({ kind: 'start' })
  }

  #participate(node: number, event: ParticipantEvent): void {
    const part = this.#parts.get(node)
    if (part === undefined) return
    const step = participantStep(node, part.state, event)
    part.state = step.state
    if (step.state.terms !== null && step.state.final === null) part.yesMs ??= this.#nowMs
    if (step.state.final !== null) this.#doubt(node)
    this.#perform(node, step)
    if (step.leads === null) return
    const led = startLeader(this.#terms, step.leads)
    part.leader = led.leader
    this.#send(node, led.sends)
  }

  /** From its yes until now it was in doubt. */
  #doubt(node: number): void {
    const part = this.#parts.get(node)
    if (part === undefined || part.yesMs === null) return
    this.blockedMs = Math.max(this.blockedMs, this.#nowMs - part.yesMs)
    part.yesMs = null
  }

  #perform(from: number, { sends, submits }: Effects<unknown, unknown>): void {
    this.#send(from, sends)
    this.#submitted.push(...submits.map((what) => ({ from, what })))
  }

  #send(from: number, sends: readonly Sent[]): void {
    for (const { to, body } of sends) {
      const [min, max] = this.#cell.commits.delay_ms
      this.#at(min + (max - min) * this.#random.fraction(), () => {
        if (to === 0) {
          if (this.#isAlive) this.#coordinate({ kind: 'message', from, body })
          return
        }
        const part = this.#parts.get(to)
        if (part !== undefined && part.leader !== null) {
          const led = leaderStep(part.leader, from, body)
          part.leader = led.leader
          this.#send(to, led.sends)
        }
        this.#participate(to, { kind: 'message', from, body, canCommit: to !== this.#refuser })
      })
    }
  }

  /** A height of the agreed log: it has a quorum whatever happens to the coordinator. */
  #height(): void {
    this.#heights += 1
    const agreedMs = BigInt(Math.round(this.#nowMs))
    const token = BigInt(this.#heights)
    this.#log = decisions.turn?.(this.#log, { agreedMs, token }) ?? this.#log
    for (const { from, what } of this.#submitted) {
      const command =
        what === 'begin'
          ? {
              kind: what,
              number: 1,
              ttlMs: TTL_MS,
              parties: this.#terms.participants.map((one) => [keyOf(one)]),
            }
          : { kind: what, tx: { coordinator: keyOf(0), number: 1 }, party: from === 0 ? null : from - 1 }
      const context = { proposer: keyOf(from), agreedMs, token, index: 1n }
      this.#log = decisions.apply(this.#log, encodeDecision(command), context).state
    }
    this.#submitted = []
    const [row] = this.#log
    if (row === undefined) return
    const outcome = row.decision === 'pending' ? null : row.decision
    if (this.#isAlive) this.#coordinate({ kind: 'agreed', outcome })
    if (outcome === null) return
    for (const [node, { state }] of this.#parts)
      if (state.final === null) this.#participate(node, { kind: 'agreed', outcome })
  }
}

function keyOf(node: number): Address {
  return `0x${uint(node, 20)}`
}
