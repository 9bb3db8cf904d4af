import { MemoryChain } from '../adapters/memory/chain.ts'
import { keccak, toHex, uint, utf8Hex } from '../codec/hex.ts'
import { domainSeparator } from '../codec/objects.ts'
import type { RunnerResult } from '../ports/reducer-runner.ts'
import type { StoredHeight } from '../ports/store.ts'
import type { ReducerCall } from '../reducers/reducer.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import type { PostedEvent } from '../types/ledger.ts'
import type { LogEntry } from '../types/log.ts'
import { EventQueue } from './event-queue.ts'
import { Host } from './host.ts'
import { Judge } from './judge/judge.ts'
import type { KeyRoom } from './keys.ts'
import { LIARS } from '../faults/catalog.ts'
import type { LiarName } from '../faults/catalog.ts'
import type { Liar } from '../faults/liar.ts'
import { Mouth } from '../faults/mouth.ts'
import type { Spoken } from '../faults/mouth.ts'
import { Network } from './network.ts'
import type { Print } from './print.ts'
import { confirmsValue, frameOf, printOf } from './print.ts'
import { Random } from '../faults/random.ts'
import { Reorgs } from './reorgs.ts'
import { PREDECESSOR } from './scenario.ts'
import type { Scenario } from './scenario.ts'
import { Trace } from './trace.ts'
import { twinModel } from './twin.ts'
import { START_SECONDS, WINDOWS } from './absence.ts'

export const TASK_ID = 1n

/** Something that must never happen, and did. */
export interface Violation {
  readonly kind: string
  readonly detail: string
  readonly atMs: number
  /** Where in the program, if it was an exception. */
  readonly stack?: string
}

export interface WorldInit {
  readonly seed: number
  readonly scenario: Scenario
  readonly random: Random
  readonly keys: KeyRoom
  readonly tell: ((line: string) => void) | null
}

/** Waiting for it lets promises take their effect. */
const SETTLED = Promise.resolve()
const LEAVE_AGAIN_MS = 700
const REORG_DEPTH = 3
/** Their own: where there are none, the world is the same as before there were any. */
const REORG_DICE = 0x5e0f
/** Most violations noted per seed: the first says it. */
const VIOLATIONS_MAX = 20

/** Everything around the production nodes of one seed: clock, network, disks, chain, and the judge beside them. */
export class World {
  readonly queue = new EventQueue()
  readonly scenario: Scenario
  readonly keys: KeyRoom
  readonly chain: MemoryChain
  readonly reorgs: Reorgs
  readonly network: Network
  readonly hosts: readonly Host[]
  readonly nodeOf = new Map<Address, number>()
  readonly trace: Trace
  readonly violations: Violation[] = []
  readonly counts: Record<string, number> = {}
  /** Signed objects, and bytes, in all frames on the wire. */
  objects = 0
  bytes = 0
  readonly #random: Random
  /** What the trace says of frames on the wire. A broadcast is the same bytes for everybody. */
  readonly #prints = new WeakMap<Uint8Array, Print>()
  readonly #mouths = new Map<number, Mouth>()
  readonly #reduced = new Map<string, RunnerResult>()
  /** First state that was decided at each height. */
  readonly #states = new Map<number, Uint8Array>()
  #judge: Judge | null = null
  #isTouched = false
  #stoppedUntilMs = 0

  constructor({ seed, scenario, random, keys, tell }: WorldInit) {
    this.scenario = scenario
    this.keys = keys
    this.#random = random
    this.trace = new Trace(() => this.queue.nowMs, tell)
    const salt = keccak(utf8Hex(`simulated deployment ${seed}`))
    const verifyingContract: Address = `0x${'c0'.repeat(20)}`
    const domain = { chainId: 31337n, verifyingContract, salt }
    const reorgDepth = scenario.reorgs ? REORG_DEPTH : 2
    const windows = scenario.absence === null ? {} : { windows: WINDOWS }
    const clock = (): number => Math.floor(START_SECONDS + this.queue.nowMs / 1_000)
    this.chain = new MemoryChain({
      domain,
      reorgDepth,
      closeGrace: 10,
      recover: keys.recover,
      clock,
      twin: twinModel,
      ...windows,
    })
    this.reorgs = new Reorgs({
      chain: this.chain,
      dice: new Random(seed ^ REORG_DICE),
      deadline: scenario.params.joinDeadline,
      note: (line) => this.trace.note(line),
      count: (what) => this.count(what),
    })
    this.network = new Network(this.queue, random.fork(), scenario, (what) => this.count(what))
    this.hosts = scenario.weights.map((_, i) => new Host(this, i, keys.keyring(i), random.fork()))
    for (const { index, keyring } of this.hosts) {
      this.nodeOf.set(keyring.address, index)
      this.chain.register(keyring.address, `0x${uint(index + 1, 20)}`, scenario.weights[index] ?? 1)
    }
    const { seam } = scenario
    if (seam !== null) this.#states.set(0, seam.result)
    if (seam?.lateMs === 0) this.chain.handOver(PREDECESSOR, seam.result)
    this.chain.publish(TASK_ID, scenario.params)
  }

  get judge(): Judge {
    if (this.#judge === null) throw new Error('there is no cluster to judge yet')
    return this.#judge
  }

  get isFormed(): boolean {
    return this.#judge !== null
  }

  /** Starts every node, and the chain. */
  start(): void {
    for (const host of this.hosts) host.boot()
    if (this.scenario.reorgs) this.reorgs.start()
    const mine = (): void => {
      if (this.queue.nowMs >= this.#stoppedUntilMs) this.#mine()
      this.queue.push(this.scenario.pace.blockMs, mine)
    }
    mine()
  }

  /** Runs until a condition holds or a time has come. */
  async run(untilMs: number, isDone: () => boolean): Promise<boolean> {
    while (this.queue.nowMs < untilMs && this.violations.length === 0) {
      if (isDone()) return true
      if (!this.queue.step()) break
      // what the event set off by promises happens before the next one
      while (this.#isTouched) {
        this.#isTouched = false
        for (let i = 0; i < 12; i += 1) await SETTLED
      }
    }
    return isDone()
  }

  /** The chain makes no block for so long. */
  stopChain(forMs: number): void {
    this.trace.note(`the chain stops for ${forMs}`)
    this.count('chain stops')
    this.#stoppedUntilMs = this.queue.nowMs + forMs
  }

  /** Promises were made or answered: let them take effect before time goes on. */
  touch(): void {
    this.#isTouched = true
  }

  count(what: string, times = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + times
  }

  /** Only for whoever reads the trace: not part of its hash. */
  say(line: string): void {
    this.trace.tell(line)
  }

  violate(kind: string, detail: string, error?: unknown): void {
    this.trace.note(`VIOLATION ${kind}: ${detail}`)
    if (this.violations.length >= VIOLATIONS_MAX) return
    const stack = error instanceof Error ? error.stack : undefined
    this.violations.push({ kind, detail, atMs: this.queue.nowMs, ...(stack === undefined ? {} : { stack }) })
  }

  liarOf(host: Host): Liar | null {
    const name = this.scenario.liars.get(host.index)
    return name === undefined || name === 'poisoned-input' ? null : LIARS[name]
  }

  isLiar(host: Host): boolean {
    return this.scenario.liars.has(host.index)
  }

  get honest(): Host[] {
    return this.hosts.filter((host) => !this.isLiar(host))
  }

  /** A node's key signs. */
  sign(host: Host, digest: Digest): Hex {
    this.judge.keyUsed(host.member, digest)
    host.signatures += 1
    return host.keyring.sign(digest)
  }

  /** A frame leaves a node; a liar's mouth may make something else of it. */
  sent(host: Host, to: number, bytes: Uint8Array): void {
    const mouth = this.#mouths.get(host.index)
    if (mouth === undefined) return this.post(host, to, bytes, 0)
    const frame = frameOf(bytes)
    this.#postAll(host, mouth.speak(this.#member(to), frame.parts))
  }

  #postAll(host: Host, mails: readonly Spoken[]): void {
    for (const mail of mails) {
      const node = this.#node(mail.to)
      if (node >= 0 && node !== host.index) this.post(host, node, mail.bytes, mail.delayMs)
    }
  }

  /** A frame goes onto the wire. */
  post(host: Host, to: number, bytes: Uint8Array, delayMs: number): void {
    let print = this.#prints.get(bytes)
    if (print === undefined) {
      const frame = frameOf(bytes)
      this.judge.sent(host.member, frame, this.queue.nowMs)
      if (!this.isLiar(host) && confirmsValue(frame, host.member)) host.confirmed()
      print = printOf(bytes, frame, host.member)
      this.#prints.set(bytes, print)
    }
    this.objects += print.objects
    this.bytes += bytes.length
    this.trace.note(`${host.index} > ${to} ${print.text}`)
    this.network.post(host.index, host.keyring.address, to, bytes, delayMs)
  }

  /** A frame arrives at a node. */
  heard(
    host: Host,
    from: Address,
    bytes: Uint8Array,
    receive: (from: Address, bytes: Uint8Array) => void,
  ): void {
    const mouth = this.#mouths.get(host.index)
    const member = this.#member(this.nodeOf.get(from) ?? -1)
    if (mouth !== undefined) this.#postAll(host, mouth.hear(member, frameOf(bytes).parts))
    this.judge.leftOut.heard(host.member, member, this.#prints.get(bytes)?.spoken ?? 0, this.queue.nowMs)
    this.judge.heard(host.member, () => frameOf(bytes))
    receive(from, bytes)
  }

  /** Log entries of a node became durable. */
  logged(host: Host, entries: readonly LogEntry[]): void {
    this.judge.logged(host.member, entries)
  }

  /** A decision of a node became durable. */
  decided(host: Host, height: StoredHeight, bodies: ReadonlyMap<Digest, Uint8Array>): void {
    const { value, round, decided } = height
    for (const [hash, bytes] of bodies) this.judge.decisions.sawBody(hash, bytes)
    this.trace.note(`${host.index} decides ${decided.height}/${round} ${value.slice(0, 10)}`)
    if (!this.#states.has(decided.height)) this.#states.set(decided.height, height.state)
    host.decided = Math.max(host.decided, decided.height)
    this.judge.decided(host.member, height, this.queue.nowMs)
  }

  /** Runs a reducer; the same call is computed once for all nodes. */
  reduce(call: ReducerCall): RunnerResult {
    const { height, events: entries, previous } = call.context
    const events = entries.map(({ data }) => toHex(data)).join()
    const before = previous === null ? '' : toHex(previous)
    const key = `${call.closing === true}/${height}/${before}/${events}/${call.inputs.map(({ member, state }) => `${member}:${toHex(state)}`).join()}`
    const known = this.#reduced.get(key)
    if (known !== undefined) return known
    const result = this.scenario.app.run(call)
    this.#reduced.set(key, result)
    return result
  }

  /** A node asks to leave the task for good, again until it has signed that. */
  leave(node: number): void {
    const life = this.hosts[node]?.life
    const answer = life?.node.leave(TASK_ID)
    this.touch()
    if (answer === 'signed') this.count('leaves')
    else if (answer !== 'over') this.queue.push(LEAVE_AGAIN_MS, () => this.leave(node))
  }

  /** The client posts a ledger event: of the rate limit a new budget. */
  postEvent(): void {
    const { event } = this.scenario.app
    if (event === null) return
    this.chain.post(TASK_ID, event(this.#random.int(1, 200)))
    this.count('ledger event')
  }

  #ledger(): readonly PostedEvent[] {
    return this.chain.tasks.get(TASK_ID)?.events ?? []
  }

  #mine(): void {
    const known = new Set(this.chain.accepted)
    this.reorgs.mine()
    this.#form()
    for (const accepted of this.chain.accepted.filter((each) => !known.has(each))) {
      this.trace.note(`chain accepts ${accepted.first}–${accepted.last}`)
      this.judge.anchored(accepted)
    }
  }

  #form(): void {
    if (this.#judge !== null) return
    const cluster = this.#drawn()
    if (cluster === null) return
    if (cluster.members.length < this.hosts.length)
      this.violate('not-joined', `${cluster.members.length} of ${this.hosts.length} nodes are members`)
    for (const { index, key } of cluster.members) {
      const host = this.hosts[this.nodeOf.get(key) ?? -1]
      if (host !== undefined) host.member = index
    }
    const { seam } = this.scenario
    if (seam !== null && seam.lateMs > 0)
      this.queue.push(seam.lateMs, () => {
        this.count('late result')
        this.chain.handOver(PREDECESSOR, seam.result)
      })
    const liars = new Set(this.hosts.filter((host) => this.isLiar(host)).map(({ member }) => member))
    const { domain } = this.chain
    this.#judge = new Judge({
      cluster,
      separator: domainSeparator(domain),
      recover: this.keys.recover,
      params: this.scenario.params,
      isHonest: (member) => !liars.has(member),
      isBelowThird: this.scenario.isBelowThird,
      violate: (kind, detail) => this.violate(kind, detail),
      count: (what, times) => this.count(what, times),
      events: () => this.#ledger(),
      handedOver: seam?.result ?? new Uint8Array(),
      reduce: (height, inputs, eventSeq, closing) => {
        const events = this.#ledger()
          .slice(0, eventSeq)
          .map(({ kind, data }, i) => ({ seq: i + 1, kind, data }))
        const { app } = this.scenario
        const previous = app.usesPrevious ? (this.#states.get(height - 1) ?? new Uint8Array()) : null
        const result = app.run({
          reducer: app.name,
          params: app.params,
          context: { seed: cluster.seed, height, members: cluster.members, previous, events },
          inputs,
          closing,
        })
        return result.ok ? result.state : null
      },
    })
    for (const host of this.hosts) {
      this.#judge.leftOut.booted(host.member)
      const liar = this.scenario.liars.get(host.index)
      if (liar !== undefined && liar !== 'poisoned-input')
        this.#mouths.set(host.index, this.#mouth(host, liar, cluster))
    }
  }

  /** The cluster, once no re-org takes it back. */
  #drawn(): Cluster | null {
    const { chain, scenario } = this
    const last = scenario.reorgs ? chain.head - chain.reorgDepth : chain.head
    const formed = chain.eventsIn(0, last).find((event) => event.kind === 'clusterFormed')
    return formed?.kind === 'clusterFormed' ? formed.cluster : null
  }

  #mouth(host: Host, name: LiarName, cluster: Cluster): Mouth {
    const { params } = this.scenario
    return new Mouth({
      self: host.member,
      cluster,
      separator: domainSeparator(this.chain.domain),
      sign: (digest) => host.keyring.sign(digest),
      dice: host.chance.fork(),
      phaseMs: params.shareTicks * params.tickMs,
      epochHeights: params.epochHeights,
      log: () => host.life?.store.load(cluster.id).entries ?? [],
      strategies: [{ name, liar: LIARS[name], isActive: () => true }],
      onLie: () => this.count(`lie: ${name}`),
    })
  }

  #member(node: number): number {
    return this.hosts[node]?.member ?? -1
  }

  #node(member: number): number {
    return this.hosts.findIndex((host) => host.member === member)
  }
}
