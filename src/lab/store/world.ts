import { uint } from '../../codec/hex.ts'
import { CALLS_MAX } from '../../services/placement/spec.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import type { Report } from '../../services/placement/codec.ts'
import type { GroupRow } from '../../services/replication/codec.ts'
import { failoverEvents } from '../../services/replication/failover.ts'
import type { FailoverEvent } from '../../services/replication/failover.ts'
import { groupView, isReplicaReady } from '../../services/replication/view.ts'
import { NO_CLOCK } from '../../services/store/versions.ts'
import type { Agreed, Observed } from '../../services/services.ts'
import type { Address, MemberIndex } from '../../types/ids.ts'
import { stream } from '../draw.ts'
import { policyFor } from '../policy.ts'
import { nodesOf } from '../queue/cluster.ts'
import type { NodeSpec } from '../queue/cluster.ts'
import { Control, decisionMs, HEIGHT_MS } from '../queue/control.ts'
import { Heap } from '../queue/heap.ts'
import type { Timed } from '../queue/heap.ts'
import { Machine } from '../queue/node.ts'
import { observationOf, Watch } from '../queue/observe.ts'
import type { Cell } from '../scenario.ts'
import { TICK_MS } from './copy.ts'
import type { Ask, Effects, Reply } from './copy.ts'
import { cutBetween, largestPart } from './cuts.ts'
import { StoreHost } from './host.ts'
import { PairWatch } from './watch.ts'

interface Event extends Timed {
  readonly run: () => void
}

const EPOCH_MS = 1_700_000_000_000
const SERVICE = 1
/** From a decision until a new copy is open. */
const START_MS = 2000
/** From a proof of lies until the conviction is in the ledger. */
const CONVICTION_MS = 5000
/** On one machine. */
const LOCAL_MS = 0.1

/**
 * One store on a cluster: the copies of the services, with disks and links between them, under the real control plane. Heights
 * are decided by the nodes that reach each other, if they are a quorum. Time 0 is the first height.
 */
export class StoreWorld {
  readonly hosts: readonly StoreHost[]
  readonly control: Control
  /** Steps of failovers, with the time of the decision. */
  readonly steps: (FailoverEvent & { readonly decidedMs: number })[] = []
  readonly traffic = { messages: 0, bytes: 0 }
  /** Reads answered under a token after anything was answered under a greater one. */
  stale = 0
  nowMs = 0
  readonly #nodes: readonly NodeSpec[]
  readonly #keys: readonly Address[]
  readonly #machines: readonly Machine[]
  readonly #store: Cell['store']
  readonly #heap = new Heap<Event>()
  readonly #random
  readonly #watch: PairWatch
  readonly #nobody: Watch
  readonly #answers = new Map<number, (reply: Reply, from: MemberIndex) => void>()
  readonly #decisionMs: number
  readonly #reads = new Set<number>()
  #asked = 0
  /** Token under which somebody was answered. */
  #greatest = 0n
  #height = 0
  #isCut: (a: number, b: number) => boolean = () => false
  #lossy: MemberIndex | null = null

  constructor(cell: Cell, seed: number) {
    this.#store = cell.store
    this.#random = stream(seed, 'store')
    this.#nodes = nodesOf(cell.cluster, seed)
    this.#machines = this.#nodes.map((spec) => new Machine(spec, 0))
    this.#keys = this.#nodes.map((_, seat): Address => `0x${uint(seat + 1, 20)}`)
    this.#watch = new PairWatch(this.#nodes.length, 0)
    this.#nobody = new Watch(this.#nodes.length, 0, false)
    const weights = this.#nodes.map(({ weight }) => weight)
    this.#decisionMs = decisionMs(
      this.#nodes.map(({ rttMs }) => rttMs),
      weights,
    )
    const { mode, consistency, copies, sync_ms: syncMs, batch } = cell.store
    const terms = { mode, consistency }
    this.control = new Control(seed, weights, [{ spec: specOf(copies), terms }], policyFor(cell))
    this.hosts = this.#keys.map((key, seat) => {
      // wall clocks are a little off
      const offMs = this.#random.int(-100, 100)
      return new StoreHost({
        key,
        consistency,
        disk: { syncMs, batch },
        later: (ms, run) => this.later(ms, run),
        clockMs: (nowMs) => EPOCH_MS + nowMs + offMs,
        stepped: ({ replies }, token) => this.#judge(replies, token),
        leave: (effects) => this.#leave(seat, effects),
      })
    })
    this.#repeat(HEIGHT_MS, () => this.#turnHeight())
    this.#repeat(TICK_MS[consistency], () => {
      for (const host of this.hosts) if (host.isRunning) host.give((copy) => copy.tick(this.nowMs))
    })
  }

  get group(): GroupRow | null {
    return this.control.agreed?.replication.groups[0] ?? null
  }

  get agreed(): Agreed | null {
    return this.control.agreed
  }

  later(ms: number, run: () => void): void {
    this.#heap.push({ atMs: this.nowMs + ms, order: 0, run })
  }

  runUntil(untilMs: number): void {
    while (this.#heap.nextMs <= untilMs) {
      const event = this.#heap.pop()
      if (event === null) break
      this.nowMs = event.atMs
      event.run()
    }
    this.nowMs = untilMs
  }

  /** A client beside a node asks a copy. Whatever is lost, no answer comes. @param from the node that the client is beside */
  ask(from: MemberIndex, to: MemberIndex, ask: Ask, answer: (reply: Reply) => void): void {
    if (this.#isApart(from, to)) return
    const id = (this.#asked += 1)
    if (ask.kind === 'get') this.#reads.add(id)
    this.#answers.set(id, (reply, by) => {
      this.#answers.delete(id)
      if (!this.#isApart(from, by)) this.later(this.#delayMs(from, by), () => answer(reply))
    })
    this.later(this.#delayMs(from, to), () => {
      const host = this.hosts[to]
      if (host === undefined || !host.isUp) return
      if (host.copy === null) this.#answers.get(id)?.({ code: 'elsewhere', primary: null }, to)
      else host.give((copy) => copy.ask(id, ask, this.nowMs))
    })
  }

  /** Whether a copy says that it has a value for a key. It says so at once, whatever its disk does. */
  has(seat: MemberIndex, key: string): boolean {
    const replies = this.hosts[seat]?.copy?.ask(0, { kind: 'get', key, after: NO_CLOCK }, this.nowMs).replies
    const [first] = replies ?? []
    return first?.reply.code === 'ok' && first.reply.values.length > 0
  }

  /** Whether a client would be answered by the copy on a node. */
  answers(seat: MemberIndex): boolean {
    const host = this.hosts[seat]
    return host !== undefined && host.isRunning && host.copy?.isServing === true
  }

  seatOf(key: Address | null): MemberIndex | null {
    const seat = key === null ? -1 : this.#keys.indexOf(key)
    return seat < 0 ? null : seat
  }

  /** Seats that run and reach a quorum over some way; none: nobody decides. */
  deciding(): readonly MemberIndex[] {
    const running = this.hosts.flatMap((host, seat) => (host.isRunning ? [seat] : []))
    const part = largestPart(running, this.#isCut)
    return 3 * part.length > 2 * this.hosts.length ? part : []
  }

  /** What the scenario does to the cluster, from now on, for as long as it says. */
  strike(): void {
    const { fault, cut, for: seconds } = this.#store
    const target = this.#target()
    const host = this.hosts[target]
    const over = (run: () => void): void => this.later(1000 * seconds, run)
    if (cut !== 'none') {
      this.#isCut = cutBetween(cut, this.hosts.length, this.#random)
      over(() => (this.#isCut = () => false))
    }
    if (host === undefined) return
    switch (fault) {
      case 'none':
        return
      case 'crash':
        host.die({ withDisk: false })
        over(() => {
          host.isUp = true
          this.#machines[target]?.crash()
          this.#machines[target]?.restart(this.nowMs)
        })
        return
      case 'loss':
        host.die({ withDisk: true })
        return
      case 'stop':
        host.isPaused = true
        over(() => host.wake())
        return
      case 'omission':
        this.#lossy = target
        over(() => (this.#lossy = null))
        return
      case 'byzantine':
        this.later(CONVICTION_MS, () => this.control.convict(target))
    }
  }

  /** The primary; of a store without one the first copy. */
  #target(): MemberIndex {
    const primary = this.group?.primary
    const isCopy = primary !== undefined && this.hosts[primary]?.copy !== null
    return isCopy ? primary : this.hosts.findIndex(({ copy }) => copy !== null)
  }

  #leave(from: MemberIndex, { sends, replies }: Effects): void {
    for (const { to, frame, bytes } of sends) {
      const seat = this.#keys.indexOf(to)
      this.traffic.messages += 1
      this.traffic.bytes += bytes
      if (this.#isLost(from, seat)) continue
      this.later(this.#delayMs(from, seat), () =>
        this.hosts[seat]?.give((copy) => copy.frame(this.#keys[from] ?? '0x', frame, this.nowMs)),
      )
    }
    for (const { id, reply } of replies) this.#answers.get(id)?.(reply, from)
  }

  /** A write may be answered late: a majority had it under the old token, and so has whoever came after. A read may not. */
  #judge(replies: Effects['replies'], token: bigint): void {
    const done = replies.filter(({ reply }) => reply.code === 'ok')
    if (token < this.#greatest) this.stale += done.filter(({ id }) => this.#reads.has(id)).length
    else if (done.length > 0) this.#greatest = token
  }

  #delayMs(a: MemberIndex, b: MemberIndex): number {
    if (a === b) return LOCAL_MS
    return ((this.#nodes[a]?.rttMs ?? 0) + (this.#nodes[b]?.rttMs ?? 0)) / 4
  }

  #isApart(a: MemberIndex, b: MemberIndex): boolean {
    return this.#isCut(a, b) || this.#isLost(a, b)
  }

  #isLost(a: MemberIndex, b: MemberIndex): boolean {
    if (this.#isCut(a, b)) return true
    return a !== b && (a === this.#lossy || b === this.#lossy) && this.#random.chance(this.#store.drop)
  }

  #turnHeight(): void {
    const running = this.hosts.flatMap((host, seat) => (host.isRunning ? [seat] : []))
    for (const listener of running)
      for (const speaker of running)
        if (listener !== speaker && !this.#isLost(speaker, listener))
          this.#watch.heard(listener, speaker, this.nowMs)
    const part = this.deciding().filter(
      (seat) => seat !== this.#lossy || !this.#random.chance(this.#store.drop),
    )
    const height = this.#height + 1
    const next = this.control.next(new Map(part.map((seat) => [seat, this.#observe(seat, height)])))
    if (next === null) return
    const before = this.control.agreed
    this.later(this.#decisionMs, () => {
      this.control.take(next)
      this.#height = height
      if (before !== null)
        for (const step of failoverEvents(before.replication, next.replication, next.header.agreedMs))
          this.steps.push({ ...step, decidedMs: this.nowMs })
      for (const seat of part) this.#follow(seat, next, height)
    })
  }

  #observe(self: MemberIndex, height: number): Observed {
    const copy = this.hosts[self]?.copy ?? null
    const word = copy?.speak(height, this.nowMs) ?? null
    const instances = this.agreed?.placement.instances ?? []
    const { group } = this
    const isReady =
      copy !== null && group !== null && copy.hasCaughtUp && isReplicaReady(group, instances, self)
    const reports: Report[] = isReady ? [{ service: SERVICE, report: 'running', load: 1 }] : []
    const seen = observationOf({
      self,
      nowMs: this.nowMs,
      clockMs: EPOCH_MS + Math.round(this.nowMs),
      machines: this.#machines,
      usage: { cpu: 0, disk: 0, memory: 0, served: 0 },
      transactionsMax: 10_000,
      reports,
      watch: this.#nobody,
    })
    return {
      ...seen,
      health: { ...seen.health, peers: this.#watch.peers(self, this.nowMs) },
      replication: { reports: word === null ? [] : [{ service: SERVICE, ...word }] },
    }
  }

  /** A node opens and ends copies as it was decided, and tells its copy. */
  #follow(seat: MemberIndex, agreed: Agreed, height: number): void {
    const host = this.hosts[seat]
    const [group] = agreed.replication.groups
    if (host === undefined || group === undefined || !host.isRunning) return
    const { instances } = agreed.placement
    const isPlaced = instances.some(({ member, phase }) => member === seat && phase !== 'failed')
    if (!isPlaced) {
      if (host.copy !== null) host.end()
      return
    }
    if (host.copy === null) this.later(START_MS, () => host.isUp && host.start())
    if (group.members === 0n) return
    const copies = instances.filter(({ phase }) => phase !== 'failed')
    host.learn(groupView(group, copies, this.#keys), height, agreed.header.agreedMs, () => this.nowMs)
  }

  #repeat(ms: number, run: () => void): void {
    this.later(ms, () => {
      run()
      this.#repeat(ms, run)
    })
  }
}

function specOf(copies: number): ServiceSpec {
  return {
    service: SERVICE,
    kind: 'store',
    tier: 'any',
    spread: 'node',
    priority: 9,
    copiesMin: copies,
    copiesMax: copies,
    needs: { cpu: 100, memory: 100, transactions: 10 },
    criticality: 950,
    calls: Array.from({ length: CALLS_MAX }, () => 0),
  }
}
