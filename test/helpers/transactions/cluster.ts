import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addressOf } from '../../../src/adapters/keys/keyring.ts'
import type { Verdict } from '../../../src/services/health/codec.ts'
import { NO_SEAT } from '../../../src/services/placement/codec.ts'
import type { InstanceRow, PlacementState, ServiceRow } from '../../../src/services/placement/codec.ts'
import { placement } from '../../../src/services/placement/slice.ts'
import { replication } from '../../../src/services/replication/slice.ts'
import type { ReplicationState } from '../../../src/services/replication/codec.ts'
import type { Agreed } from '../../../src/services/services.ts'
import type { Address } from '../../../src/types/ids.ts'
import type { Protocol, TxAnswer } from '../../../src/types/transaction.ts'
import { foldContext, membersOf } from '../services-cluster.ts'
import { emptyState } from '../services-node.ts'
import { healthOf, IDLE, specOf } from '../services-placement.ts'
import { REPLICATION } from '../services-replication.ts'
import { seatKey } from '../transport-kit.ts'
import { DecisionLog } from './log.ts'
import type { Life } from './mortal.ts'
import { START_MS, TASK, TxNode } from './node.ts'

const NODES = 5
/** Seats of the copies of each store. */
export const STORES: readonly (readonly number[])[] = [
  [0, 1, 2],
  [1, 2, 3],
  [3, 4, 0],
]
const STEP_MS = 100
const HEIGHT_STEPS = 3
const LOG_STEPS = 1
/** Silence from which on a member is held for dead. */
const DETECTION_MS = 1_500

/** Five nodes over libp2p that host three strong stores; heights of the replication slice, as long as four of them live. */
export class TxCluster {
  readonly log = new DecisionLog()
  readonly #folder = mkdtempSync(join(tmpdir(), 'rsdp-transactions-'))
  readonly #keys = Array.from({ length: NODES }, (_, seat): Address => addressOf(seatKey(seat + 1)))
  readonly #nodes: (TxNode | null)[] = this.#keys.map(() => null)
  readonly #diedMs = new Map<number, number>()
  #groups: ReplicationState = replication.empty
  #nowMs = 0
  #steps = 0
  #height = 0
  #agreedMs = 0

  static async start(): Promise<TxCluster> {
    const cluster = new TxCluster()
    for (let seat = 0; seat < NODES; seat += 1) await cluster.revive(seat)
    await cluster.until(
      'every store is led',
      () => STORES.every((_, i) => cluster.primary(i + 1) !== NO_SEAT),
      60_000,
    )
    return cluster
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) await node?.stop()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  node(seat: number): TxNode {
    const node = this.#nodes[seat]
    if (node === null || node === undefined) throw new Error(`node ${seat} is dead`)
    return node
  }

  isAlive(seat: number): boolean {
    return this.#nodes[seat] !== null
  }

  /** Seat that leads a store, by what is decided. */
  primary(service: number): number {
    return this.#groups.groups.find((row) => row.service === service)?.primary ?? NO_SEAT
  }

  async revive(seat: number): Promise<void> {
    const key = this.#keys[seat]
    if (key === undefined || this.#nodes[seat] !== null) return
    const life: Life = { isOver: false }
    const node = new TxNode({
      ...{ seat, folder: join(this.#folder, String(seat)), seats: this.#keys, nowMs: this.#nowMs },
      life,
      logs: this.log.at(key, this.#keys, life),
      onDeath: () => {
        this.#nodes[seat] = null
        this.#diedMs.set(seat, this.#nowMs)
      },
    })
    await node.start()
    this.#nodes[seat] = node
    this.#diedMs.delete(seat)
    const alive = this.#nodes.flatMap((one) => one ?? [])
    for (const one of alive) one.setPeers(alive.map(({ peer }) => peer))
  }

  /** Begins a transaction that writes the same value into a key of each store. */
  begin(
    seat: number,
    protocol: Protocol,
    value: string,
    stores: readonly number[] = [1, 2, 3],
  ): Promise<TxAnswer> {
    const bytes = new TextEncoder().encode(value)
    return this.node(seat)
      .agents.transactions()
      .begin(TASK, {
        ...{ protocol, ttlMs: 5_000, request: value },
        parts: stores.map((service) => ({
          service,
          writes: [{ kind: 'put', key: 'k', version: null, value: bytes }],
        })),
      })
  }

  /** What each store says of the key: its value, `missing`, `locked`, or why it does not say. */
  async read(seat: number): Promise<string[]> {
    const stores = this.node(seat).agents.stores()
    return Promise.all(
      STORES.map(async (_, i) => {
        const answer = await stores.ask(TASK, i + 1, { kind: 'get', key: 'k', after: null })
        if (answer.code === 'refused') return `?${answer.refusal}`
        return answer.outcome === 'done' ? new TextDecoder().decode(answer.values[0]) : answer.outcome
      }),
    )
  }

  /** As the first node that lives is told. */
  readSomewhere(): Promise<string[]> {
    return this.read(this.#nodes.findIndex((node) => node !== null))
  }

  /** Transactions that some living node has open. */
  open(): number {
    return this.#nodes.reduce((sum, node) => sum + (node?.agents.transactions().open().length ?? 0), 0)
  }

  /** Lets time pass, while somebody works, until it holds. @param ms of virtual time, at most */
  async until(what: string, holds: () => boolean | Promise<boolean>, ms: number): Promise<void> {
    const end = this.#nowMs + ms
    while (!(await this.#during(holds)))
      if (this.#nowMs > end) throw new Error(`not within ${ms} ms: ${what}`)
  }

  async pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += STEP_MS) await this.#step()
  }

  /** What it needs may need time. */
  async #during<T>(work: () => T | Promise<T>): Promise<T> {
    let isOver = false
    const result = Promise.resolve(work()).finally(() => (isOver = true))
    do await this.#step()
    while (!isOver)
    return result
  }

  async #step(): Promise<void> {
    this.#steps += 1
    this.#nowMs += STEP_MS
    for (const node of this.#nodes) node?.clock.advance(STEP_MS)
    if (this.#steps % LOG_STEPS === 0) this.log.turn(START_MS + this.#nowMs)
    if (this.#steps % HEIGHT_STEPS === 0) await this.#turnHeight()
    // frames and disks take real time
    for (let i = 0; i < 2; i += 1) await sleep(1)
  }

  async #turnHeight(): Promise<void> {
    const alive = this.#nodes.flatMap((node) => node ?? [])
    if (3 * alive.length <= 2 * NODES) return
    this.#height += 1
    const previousMs = this.#agreedMs
    this.#agreedMs = START_MS + this.#nowMs
    const said = await Promise.all(
      alive.map(async (node) => ({
        member: node.seat,
        state: (await node.observe())?.replication ?? { reports: [] },
      })),
    )
    const hosts = this.#keys.map((_, seat) => ({ ...IDLE, verdict: this.#verdictOf(seat) }))
    const health = healthOf(hosts, false)
    const where = placed()
    const context = { heights: this.#height, previousMs, agreedMs: this.#agreedMs, news: [] }
    this.#groups = replication.fold(
      ...([this.#groups, said, foldContext(membersOf(hosts.map(() => 1)), context), REPLICATION] as const),
      { health, placement: where },
    )
    const empty = emptyState(this.#keys)
    const header = { ...empty.header, heights: this.#height, agreedMs: this.#agreedMs }
    const state: Agreed = { ...empty, header, health, placement: where, replication: this.#groups }
    for (const node of alive) if (!node.life.isOver) node.decide(this.#height, state)
  }

  #verdictOf(seat: number): Verdict {
    const diedMs = this.#diedMs.get(seat)
    return diedMs !== undefined && this.#nowMs - diedMs > DETECTION_MS ? 'crash' : 'up'
  }
}

function placed(): PlacementState {
  const services = STORES.map((seats, i): ServiceRow => ({
    ...specOf(i + 1, { kind: 'store', copiesMin: seats.length, copiesMax: seats.length }),
    ...{ wanted: seats.length, standing: 'placed', primary: seats[0] ?? NO_SEAT },
  }))
  const instances = STORES.flatMap((seats, i) =>
    [...seats]
      .sort((a, b) => a - b)
      .map((member): InstanceRow => ({
        ...{ service: i + 1, member, phase: 'running', sinceMs: 0, load: 0, target: NO_SEAT },
      })),
  )
  return { ...placement.empty, services, instances }
}
