import { accusedOf } from '../../src/codec/evidence.ts'
import { keccak, uint, concatHex, toHex, fromHex } from '../../src/codec/hex.ts'
import { hashObject, signOnceKey } from '../../src/codec/objects.ts'
import { seededOrder } from '../../src/codec/roots.ts'
import { createEngine } from '../../src/protocol/create.ts'
import { step } from '../../src/protocol/engine.ts'
import type { EngineEffect, EngineInput } from '../../src/protocol/io.ts'
import { restoreEngine } from '../../src/protocol/restore.ts'
import type { EngineConfig, EngineState, Kept, ShareQuorum } from '../../src/protocol/state.ts'
import { invariant } from '../../src/types/errors.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Evidence } from '../../src/types/evidence.ts'
import type { DecidedHeight, Part } from '../../src/types/frames.ts'
import type { Digest, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { ProtocolObject, Signed } from '../../src/types/objects.ts'

/** A cluster of n members of weight 1, or of the weights given. */
export function makeCluster(n: number, weights: readonly number[] = []): Cluster {
  const members = Array.from({ length: n }, (_, index) => ({
    index,
    key: `0x${uint(index + 1, 20)}` as const,
    operator: `0x${uint(index + 1001, 20)}` as const,
    weight: weights[index] ?? 1,
  }))
  return {
    id: keccak(concatHex(uint(n, 32))),
    seed: keccak(concatHex(uint(7, 32))),
    members,
    totalWeight: members.reduce((sum, member) => sum + member.weight, 0),
  }
}

/** Signs with a signature that is just the hash: engines get objects that somebody else has verified. */
export function signAs(cluster: Cluster, member: MemberIndex, object: ProtocolObject): Signed {
  const hash = hashObject(cluster.id, object)
  return { object, member, hash, signature: concatHex(hash, hash, '1b') }
}

/** From the first certificate to the chain's acceptance. */
const ANCHOR_TICKS = 5

export interface Delivery {
  readonly from: MemberIndex
  readonly to: MemberIndex
  readonly parts: readonly Part[]
}

/** What the network does with one frame: the ticks until each copy arrives; none = lost. */
export type Fate = (delivery: Delivery, now: number) => readonly number[]

/** Rewrites what a member sends: its engine is honest, its mouth is not. */
export type Liar = (delivery: Delivery, world: EngineCluster) => readonly Delivery[]

export interface ClusterOptions {
  readonly n: number
  /** A cluster of n that exists elsewhere; default: a made-up one. */
  readonly cluster?: Cluster
  readonly heights?: number
  readonly epochHeights?: number
  readonly publishesInputs?: boolean
  readonly weights?: readonly number[]
  readonly fate?: Fate
  readonly liars?: ReadonlyMap<MemberIndex, Liar>
  readonly config?: Partial<EngineConfig>
  /** s_i of a member at a height; default: the two numbers as bytes. */
  readonly state?: (member: MemberIndex, height: number) => Uint8Array
  /** The reducer; null: it fails, on every machine. Default: a hash of the inputs, and the merge a hash of the distinct states. */
  readonly reduce?: (
    inputs: readonly StateOf[],
    own: Uint8Array | undefined,
    call: { readonly height: number; readonly eventSeq: number; readonly closing: boolean },
  ) => Uint8Array | null
  /** Sees every effect before it is carried out. */
  readonly onEffect?: (tick: number, member: MemberIndex, effect: EngineEffect) => void
  /** True: this member's reducer does not answer within τ. */
  readonly expires?: (member: MemberIndex, height: number, now: number) => boolean
  /** True: the process dies with this object durable, and nothing sent. */
  readonly dies?: (member: MemberIndex, object: ProtocolObject, now: number) => boolean
}

export interface Decision {
  readonly value: Digest
  readonly round: number
  readonly decided: DecidedHeight
  readonly state: Uint8Array
}

export type Settlement = Extract<EngineEffect, { kind: 'settled' }>

/** What a member keeps over a restart. */
export interface Memory {
  readonly signed: Map<string, Signed>
  readonly proofs: ShareQuorum[]
  /** By height. */
  readonly kept: (readonly [height: number, Kept])[]
  readonly log: LogEntry[]
  readonly decisions: Decision[]
  /** Profile `paper`. */
  readonly settled: Settlement[]
  readonly bodies: Map<Digest, Uint8Array>
}

/** A driver for pure engines: synchronous reducers, a tick-driven network, and signatures that are just hashes. */
/** One more ledger event read; everybody reads the same. */
export function ledgerInput(eventSeq: number): EngineInput {
  return { kind: 'ledger', eventSeq, eventsHash: eventsHashAt(eventSeq) }
}

/** Rolling hash of so many events. */
export function eventsHashAt(eventSeq: number): Digest {
  return eventSeq === 0 ? NIL : keccak(`0x${uint(eventSeq, 8)}`)
}

export class EngineCluster {
  readonly cluster: Cluster
  readonly engines: EngineState[]
  readonly memories: readonly Memory[]
  readonly liars: ReadonlyMap<MemberIndex, Liar>
  /** Members that are down: they neither send, hear nor tick. */
  readonly silent = new Set<MemberIndex>()
  /** What honest members found, by accused. */
  readonly evidence: {
    readonly by: MemberIndex
    readonly against: MemberIndex
    readonly evidence: Evidence
  }[] = []
  /** Keys for which a member asked to sign a second, different object. */
  readonly conflicts: string[] = []
  framesSent = 0
  now = 0
  fate: Fate
  readonly #options: ClusterOptions
  readonly #inFlight = new Map<number, Delivery[]>()
  /** Heights whose checkpoint is on its way to the chain, and the tick at which everybody sees it there. */
  readonly #anchoring = new Map<number, number>()

  constructor(options: ClusterOptions) {
    this.#options = options
    this.cluster = options.cluster ?? makeCluster(options.n, options.weights)
    this.fate = options.fate ?? (() => [1])
    this.liars = options.liars ?? new Map()
    this.engines = this.cluster.members.map((member) => createEngine(this.#config(member.index)))
    this.memories = this.engines.map(() => ({
      signed: new Map(),
      proofs: [],
      kept: [],
      log: [],
      decisions: [],
      settled: [],
      bodies: new Map(),
    }))
  }

  /** Members that follow the protocol, whether they run or not. */
  get honest(): MemberIndex[] {
    return this.cluster.members.map((member) => member.index).filter((member) => !this.liars.has(member))
  }

  /** A member reads the next ledger event. */
  read(member: MemberIndex): void {
    this.input(member, ledgerInput(this.engine(member).ledgerSeq + 1))
  }

  start(members: readonly MemberIndex[] = this.cluster.members.map((member) => member.index)): this {
    for (const member of members) this.input(member, { kind: 'start' })
    return this
  }

  /** Runs until every live honest member has decided `height`, or for `ticksMax`. */
  run(height: number, ticksMax: number): boolean {
    const waited = this.honest.filter((member) => !this.silent.has(member))
    const done = (): boolean => waited.every((member) => this.engine(member).chain.height >= height)
    for (let i = 0; i < ticksMax && !done(); i += 1) this.tick()
    return done()
  }

  tick(): void {
    this.now += 1
    for (const delivery of this.#inFlight.get(this.now) ?? []) {
      this.input(delivery.to, { kind: 'message', from: delivery.from, parts: delivery.parts })
    }
    this.#inFlight.delete(this.now)
    for (const [height, at] of this.#anchoring) {
      if (at === this.now) this.#everybody({ kind: 'checkpointed', height })
    }
    this.#everybody({ kind: 'tick' })
  }

  #everybody(input: EngineInput): void {
    for (const engine of this.engines) this.input(engine.config.self, input)
  }

  input(member: MemberIndex, input: EngineInput): void {
    if (this.silent.has(member)) return
    const { state, effects } = step(this.engine(member), input)
    this.engines[member] = state
    for (const effect of effects) {
      if (this.silent.has(member)) return
      this.#options.onEffect?.(this.now, member, effect)
      this.#carryOut(member, effect)
    }
  }

  /** A new process with what the old one had stored. */
  restart(member: MemberIndex): void {
    const memory = this.memory(member)
    const height = memory.decisions.length
    const epoch = this.engine(member).config.epochHeights
    const last = memory.log.at(-1)?.height ?? 1
    const first = Math.floor((last - 1) / epoch) * epoch + 1
    this.engines[member] = restoreEngine(this.#config(member), {
      entries: memory.log.filter((entry) => entry.height >= first),
      signed: [...memory.signed.values()].filter(
        ({ object }) => object.type === 'checkpoint' || ('height' in object && object.height > height),
      ),
      proofs: memory.proofs.filter((proof) => (proof.shares[0]?.object.height ?? 0) > height),
      kept: memory.kept.flatMap(([at, kept]) => (at > height ? [kept] : [])),
      notes: new Map(memory.kept.flatMap(([at, { note }]) => (note === null ? [] : [[at, note]]))),
      vetted: memory.decisions.length,
      decided: memory.decisions.map(({ value, decided }) => {
        const { stateHash, inputs, eventSeq } = decided.share.object
        return { value, chain: { height: decided.height, value, stateHash, inputs, eventSeq } }
      }),
    })
    this.silent.delete(member)
    this.input(member, { kind: 'start' })
  }

  engine(member: MemberIndex): EngineState {
    const engine = this.engines[member]
    invariant(engine !== undefined, `no member ${member}`)
    return engine
  }

  memory(member: MemberIndex): Memory {
    const memory = this.memories[member]
    invariant(memory !== undefined, `no member ${member}`)
    return memory
  }

  /** What a member's engine wants sent; liars rewrite theirs. */
  send(delivery: Delivery): void {
    const liar = this.liars.get(delivery.from)
    for (const sent of liar === undefined ? [delivery] : liar(delivery, this)) this.#post(sent)
  }

  #post(delivery: Delivery): void {
    this.framesSent += 1
    for (const delay of this.fate(delivery, this.now)) {
      const at = this.now + Math.max(delay, 1)
      const arriving = this.#inFlight.get(at)
      if (arriving === undefined) this.#inFlight.set(at, [delivery])
      else arriving.push(delivery)
    }
  }

  #config(self: MemberIndex): EngineConfig {
    return {
      cluster: this.cluster,
      self,
      order: seededOrder(this.cluster),
      heights: this.#options.heights ?? 5,
      epochHeights: this.#options.epochHeights ?? 4,
      stateBytesMax: 4096,
      inputBytesMax: 4096,
      debateTicks: 20,
      shareTicks: 20,
      confirmTicks: 20,
      helloTicks: 20,
      slotTicks: 20,
      isValidInput: (state) => state.length === 2,
      isProvable: true,
      publishesInputs: this.#options.publishesInputs ?? false,
      ...this.#options.config,
    }
  }

  #carryOut(member: MemberIndex, effect: EngineEffect): void {
    const memory = this.memory(member)
    switch (effect.kind) {
      case 'observe': {
        const state = this.#options.state?.(member, effect.height) ?? Uint8Array.of(member, effect.height)
        this.input(member, { kind: 'observed', height: effect.height, state, stateHash: keccak(state) })
        break
      }
      case 'record':
        this.#record(member, effect)
        break
      case 'append':
        memory.log.push(...effect.entries)
        break
      case 'aggregate': {
        if (this.#options.expires?.(member, effect.height, this.now) === true) {
          this.input(member, { kind: 'expired', token: effect.token })
          break
        }
        const state = (this.#options.reduce ?? reduceByHash)(effect.inputs, effect.own, effect)
        const result = state === null ? null : { state, stateHash: keccak(state) }
        this.input(member, { kind: 'aggregated', token: effect.token, result, isVerdict: true })
        break
      }
      case 'broadcast':
        for (const to of this.cluster.members) {
          if (to.index !== member) this.send({ from: member, to: to.index, parts: effect.parts })
        }
        break
      case 'send':
        this.send({ from: member, to: effect.to, parts: effect.parts })
        break
      case 'serveHeights':
        for (const { decided } of memory.decisions.slice(effect.fromHeight - 1, effect.fromHeight + 7)) {
          this.send({ from: member, to: effect.to, parts: [{ kind: 'decided', decided }] })
        }
        break
      case 'serveBodies': {
        const parts = effect.hashes.flatMap((hash): Part[] => {
          const bytes = memory.bodies.get(hash)
          return bytes === undefined ? [] : [{ kind: 'body', hash, bytes }]
        })
        if (parts.length > 0) this.send({ from: member, to: effect.to, parts })
        break
      }
      case 'decided':
        memory.decisions.push(effect)
        for (const [hash, bytes] of effect.bodies) memory.bodies.set(hash, bytes)
        memory.bodies.set(keccak(effect.state), effect.state)
        this.input(member, { kind: 'vetted', height: effect.decided.height })
        break
      case 'settled':
        memory.settled.push(effect)
        break
      case 'evidence':
        this.evidence.push({ by: member, against: accusedOf(effect.evidence), evidence: effect.evidence })
        break
      case 'certified':
        this.#anchoring.set(
          effect.checkpoint.height,
          this.#anchoring.get(effect.checkpoint.height) ?? this.now + ANCHOR_TICKS,
        )
        break
      case 'measured':
      case 'otherHistory':
      case 'ignored':
        break
    }
  }

  #record(member: MemberIndex, effect: Extract<EngineEffect, { kind: 'record' }>): void {
    const memory = this.memory(member)
    memory.log.push(...effect.entries)
    if (effect.proof !== null) memory.proofs.push(effect.proof)
    if ('height' in effect.object) memory.kept.push([effect.object.height, effect.kept])
    const key = signOnceKey(effect.object)
    const fresh = signAs(this.cluster, member, effect.object)
    const stored = memory.signed.get(key)
    if (stored !== undefined && stored.hash !== fresh.hash) this.conflicts.push(`${member}: ${key}`)
    const signed = stored ?? fresh
    memory.signed.set(key, signed)
    if (this.#options.dies?.(member, effect.object, this.now) === true) {
      this.silent.add(member)
      return
    }
    this.input(member, { kind: 'signed', signed })
  }
}

export interface StateOf {
  readonly member: MemberIndex
  readonly state: Uint8Array
}

/** The harness's reducer and its merge. */
export function reduceByHash(inputs: readonly StateOf[], own: Uint8Array | undefined): Uint8Array {
  if (own === undefined) return aggregateOf(inputs)
  const states = [own, ...inputs.map(({ state }) => state)].map(toHex)
  return fromHex(keccak(concatHex(...[...new Set(states)].toSorted())))
}

/** The harness's reducer: a hash of the inputs, which anybody computes alike. */
export function aggregateOf(inputs: readonly StateOf[]): Uint8Array {
  const packed = inputs.flatMap((input) => [uint(input.member, 1), toHex(input.state)])
  return fromHex(keccak(concatHex(...packed)))
}
