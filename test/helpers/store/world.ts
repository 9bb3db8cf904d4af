import { uint } from '../../../src/codec/hex.ts'
import { Random } from '../../../src/faults/random.ts'
import { weightedLowerMedian } from '../../../src/reducers/agreed-time.ts'
import type { InstanceRow, Phase } from '../../../src/services/placement/codec.ts'
import { NO_SEAT } from '../../../src/services/placement/codec.ts'
import type { Verdict } from '../../../src/services/health/codec.ts'
import { groupView, isReplicaReady } from '../../../src/services/replication/view.ts'
import type { StoreReply, StoreRequest } from '../../../src/services/store/types.ts'
import { decodeMessage, encodeMessage } from '../../../src/services/store/wire.ts'
import { EventQueue } from '../../../src/sim/event-queue.ts'
import { Network } from '../../../src/sim/network.ts'
import type { Address } from '../../../src/types/ids.ts'
import { GroupWorld, REPLICATION, storesOn } from '../services-replication.ts'
import { StoreHost } from './host.ts'
import type { StoreChange } from '../../../src/types/store-request.ts'

export interface StorePlan {
  readonly seed: number
  readonly nodes: number
  /** Seats that have a copy in the beginning. */
  readonly copies: number
}

const START_MS = 1_700_000_000_000
const HEIGHT_MS = 500
const TICK_MS = 100
/** Silence from which on most observers hold a member for dead. */
const DETECTION_MS = 1500
/** Events between two looks at who leads. */
const CHECK_STEPS = 5

/** What a watch at one copy has been told, without the times when it had to read all anew. */
type Watched = StoreChange[][]

/**
 * A strong store with everything around it: nodes with disks and clocks, a network, heights of the replication slice as the
 * nodes that can decide agree on them. The same plan gives the same world.
 */
export class StoreWorld {
  readonly queue = new EventQueue()
  readonly random: Random
  readonly network: Network
  readonly hosts: readonly StoreHost[]
  /** What must never happen and did. */
  readonly faults: string[] = []
  readonly copies: Map<number, Phase>
  heights = 0
  readonly #groups: GroupWorld
  readonly #heardMs: number[]
  readonly #watched: Watched[]
  readonly #leaders = new Map<string, number>()
  readonly #waiting = new Map<number, (reply: StoreReply) => void>()
  #requests = 0
  #steps = 0
  /** Seat that takes the copy of another one. */
  #move: { readonly from: number; readonly to: number } | null = null
  #moves = 0

  constructor({ seed, nodes, copies }: StorePlan) {
    this.queue.nowMs = START_MS
    this.random = new Random(seed)
    this.#groups = new GroupWorld(nodes, { ...REPLICATION, leaseMs: 2600 })
    this.network = new Network(
      this.queue,
      this.random.fork(),
      { delayMs: { min: 1, max: 30 }, loss: 0.15, duplication: 0.1, faults: new Set(['reordering']) },
      () => undefined,
    )
    const keys = Array.from({ length: nodes }, (_, seat): Address => `0x${uint(seat + 1, 20)}`)
    this.#heardMs = keys.map(() => START_MS)
    this.#watched = keys.map(() => [[]])
    this.hosts = keys.map((key, seat) => {
      const offsetMs = this.random.int(-200, 200)
      const host = new StoreHost(key, offsetMs, this.queue, {
        send: (sends) => {
          for (const { to, message } of sends)
            this.network.post(seat, key, keys.indexOf(to), encodeMessage(message))
        },
        reply: (id, reply) => {
          const answer = this.#waiting.get(id)
          this.queue.push(this.random.int(1, 30), () => answer?.(reply))
        },
        changed: (changes) => this.#watched[seat]?.at(-1)?.push(...changes),
      })
      this.network.attach(seat, {
        isAlive: () => host.isAlive,
        receive: (from, bytes) => {
          const message = decodeMessage(bytes)
          if (message === null) this.faults.push('a message that does not decode')
          else host.take({ kind: 'message', from, message })
        },
      })
      return host
    })
    this.copies = new Map(Array.from({ length: copies }, (_, seat) => [seat, 'running']))
    for (const seat of this.copies.keys()) this.hosts[seat]?.start()
    this.#repeat(HEIGHT_MS, () => this.#turnHeight())
    this.#repeat(TICK_MS, () => this.#tick())
  }

  get primary(): number {
    return this.#groups.state.groups[0]?.primary ?? NO_SEAT
  }

  /** Tokens under which somebody has served. */
  get tokens(): number {
    return this.#leaders.size
  }

  get moves(): number {
    return this.#moves
  }

  get members(): number[] {
    return [...this.copies.keys()]
  }

  run(ms: number): void {
    const end = this.queue.nowMs + ms
    this.queue.push(ms, () => undefined)
    while (this.queue.nowMs < end && this.queue.step()) this.#check()
  }

  /** A client's request at a node. The answer may never come. */
  ask(seat: number, request: StoreRequest, answer: (reply: StoreReply) => void): void {
    const id = (this.#requests += 1)
    this.#waiting.set(id, (reply) => {
      this.#waiting.delete(id)
      answer(reply)
    })
    this.queue.push(this.random.int(1, 30), () => this.hosts[seat]?.take({ kind: 'request', id, request }))
  }

  restart(seat: number): void {
    const host = this.hosts[seat]
    if (host === undefined || host.isAlive || !this.copies.has(seat)) return
    host.start()
    // its watches read all anew
    this.#watched[seat]?.push([])
  }

  /** Takes a copy from one node to another, as placement does it. */
  move(from: number, to: number): void {
    if (this.#move !== null || !this.copies.has(from) || this.copies.has(to)) return
    this.#move = { from, to }
    this.copies.set(from, 'leaving')
    this.copies.set(to, 'starting')
    this.#watched[to]?.push([])
    this.hosts[to]?.start()
  }

  isReachable(a: number, b: number): boolean {
    return !this.network.cut(a, b) && !this.network.cut(b, a)
  }

  /** What watches were told: at each copy all changes in one order, none left out. */
  watchFaults(): string[] {
    const all = new Map<number, StoreChange>()
    const faults: string[] = []
    for (const changes of this.#watched.flat())
      for (const change of changes) {
        const known = all.get(change.index)
        if (known === undefined) all.set(change.index, change)
        else if (nameOf(known) !== nameOf(change)) faults.push(`two changes ${change.index}`)
      }
    const order = [...all.keys()].sort((a, b) => a - b)
    for (const changes of this.#watched.flat()) {
      const [first] = changes
      if (first === undefined) continue
      const at = order.indexOf(first.index)
      const expected = order.slice(at, at + changes.length)
      if (changes.some(({ index }, i) => index !== expected[i])) faults.push('a watch with a gap')
    }
    return faults
  }

  /** Numbers of nodes that can decide: alive, and more than two thirds of all that reach each other. */
  deciding(): number[] {
    const able = this.hosts.flatMap((host, seat) => (this.#runs(host, seat) ? [seat] : []))
    const reach = able.map((seat) => able.filter((other) => this.isReachable(seat, other)))
    return reach.find((part) => 3 * part.length > 2 * this.hosts.length) ?? []
  }

  /** A node without a copy is there, too; only its copies die and stop. */
  #runs({ isAlive, isPaused }: StoreHost, seat: number): boolean {
    return this.copies.has(seat) ? isAlive && !isPaused : true
  }

  #turnHeight(): void {
    const part = this.deciding()
    if (part.length === 0) return
    this.heights += 1
    const now = this.queue.nowMs
    for (const seat of part) this.#heardMs[seat] = now
    const verdicts = new Map(
      this.hosts.flatMap((_, seat): [number, Verdict][] =>
        now - (this.#heardMs[seat] ?? 0) > DETECTION_MS ? [[seat, 'crash']] : [],
      ),
    )
    const agreedMs = weightedLowerMedian(
      part.map((seat) => ({ value: this.hosts[seat]?.clockMs() ?? 0, weight: 1 })),
    )
    const reports = new Map(
      part.flatMap((seat) => {
        const report = this.copies.has(seat) ? this.hosts[seat]?.speak(this.heights) : null
        return report === null || report === undefined ? [] : [[seat, report] as const]
      }),
    )
    const placement = storesOn(this.copies, [{ copiesMin: this.copies.size, primary: this.#move?.to ?? 0 }])
    const passed = Math.max(0, (agreedMs ?? 0) - this.#groups.agreedMs)
    this.#groups.step({ passed, verdicts, reports, placement })
    this.#tell(part, placement.instances)
    this.#endMove(placement.instances)
  }

  #tell(part: readonly number[], instances: readonly InstanceRow[]): void {
    const keys = this.hosts.map(({ key }) => key)
    const view = groupView(this.#groups.row, instances, keys)
    const { heights } = this
    const { agreedMs } = this.#groups
    for (const seat of part)
      this.queue.push(this.random.int(1, 200), () => {
        if (this.isReachable(seat, part[0] ?? seat)) this.hosts[seat]?.learn(view, heights, agreedMs)
      })
  }

  #endMove(instances: readonly InstanceRow[]): void {
    if (this.#move === null) return
    const { from, to } = this.#move
    if (!isReplicaReady(this.#groups.row, instances, to)) return
    this.copies.set(to, 'running')
    this.copies.delete(from)
    this.#move = null
    this.#moves += 1
    this.hosts[from]?.wipe()
  }

  #tick(): void {
    for (const host of this.hosts) if (!host.isPaused) host.take({ kind: 'tick' })
  }

  /** Nobody leads under the token of another. */
  #check(): void {
    if ((this.#steps += 1) % CHECK_STEPS !== 0) return
    this.hosts.forEach(({ replica }, seat) => {
      const report = replica?.report()
      if (report?.standing !== 'serving') return
      const leader = this.#leaders.get(String(report.token)) ?? seat
      this.#leaders.set(String(report.token), leader)
      if (leader !== seat) this.faults.push(`two primaries of token ${report.token}`)
    })
  }

  #repeat(ms: number, run: () => void): void {
    this.queue.push(ms, () => {
      run()
      this.#repeat(ms, run)
    })
  }
}

function nameOf({ key, value }: StoreChange): string {
  return `${key} ${value === null ? '' : [...value].join()}`
}
