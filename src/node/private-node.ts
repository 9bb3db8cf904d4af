import { decodeFrame } from '../codec/frames.ts'
import { keccak, toHex } from '../codec/hex.ts'
import type { Domain } from '../codec/objects.ts'
import { domainSeparator, hashObject, signingDigest } from '../codec/objects.ts'
import type { Clock } from '../ports/clock.ts'
import type { Keyring, RecoverSigner } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { ReducerRunner } from '../ports/reducer-runner.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { Peer, Transport } from '../ports/transport.ts'
import { createEngine } from '../protocol/create.ts'
import { step } from '../protocol/engine.ts'
import type { EngineEffect, EngineInput } from '../protocol/io.ts'
import type { PaperProfile } from '../protocol/paper/profile.ts'
import type { Schedule } from '../protocol/schedule.ts'
import type { EngineState } from '../protocol/state.ts'
import type { Cluster } from '../types/cluster.ts'
import { InvariantError } from '../types/errors.ts'
import type { Part } from '../types/frames.ts'
import type { Address, MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { ProtocolObject, Signed } from '../types/objects.ts'
import { Admit } from './admit.ts'
import type { EngineParams } from './engine-config.ts'
import { engineConfig } from './engine-config.ts'
import { packFrames } from './frames.ts'
import { Observer } from './observer.ts'

export interface PrivateNodeInit {
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly peers: readonly Peer[]
  readonly domain: Domain
  readonly params: EngineParams
  readonly tickMs: number
  readonly reducer: string
  readonly profile: PaperProfile
  readonly schedule: Schedule
  readonly keyring: Keyring
  readonly recover: RecoverSigner
  readonly transport: Transport
  readonly runner: ReducerRunner
  readonly source: StateSource
  readonly clock: Clock
  readonly logger: Logger
  /** A fault of our own: the node must stop. */
  readonly onFatal: (error: unknown) => void
}

/** How long a node waits for all others before it opens its first height without them. */
const PATIENCE_MS = 20_000

/**
 * A node of a private cluster: the same engine, frames and reducers in profile `paper`, members from a file instead of a
 * chain. It keeps nothing on disk: a restarted node takes part again at the height it hears of.
 */
export class PrivateNode {
  readonly #init: PrivateNodeInit
  readonly #admit: Admit
  readonly #observer: Observer
  readonly #separator: `0x${string}`
  readonly #members: ReadonlyMap<Address, MemberIndex>
  readonly #secondTicks: number
  readonly #queue: EngineInput[] = []
  readonly #told = new Set<string>()
  #state: EngineState
  #draining = false
  #stopTicks: (() => void) | null = null
  #isStopped = false
  #connected = -1
  #startedMs = 0

  constructor(init: PrivateNodeInit) {
    this.#init = init
    const { cluster, logger } = init
    const config = engineConfig(init)
    this.#state = createEngine(config)
    this.#separator = domainSeparator(init.domain)
    this.#members = new Map(cluster.members.map((member) => [member.key, member.index]))
    this.#secondTicks = Math.max(1, Math.round(1000 / init.tickMs))
    this.#admit = new Admit({
      cluster,
      separator: this.#separator,
      recover: init.recover,
      refused: (from, code) => this.#tell(from, code),
      isolation: (member, isolated) =>
        logger.warn(isolated ? 'member.isolated' : 'member.released', { member }),
    })
    this.#observer = new Observer({
      source: init.source,
      taskId: 0n,
      logger,
      isValid: config.isValidInput,
      stateBytesMax: config.stateBytesMax,
      secondTicks: this.#secondTicks,
      observed: (height, state) => this.#input({ kind: 'observed', height, state, stateHash: keccak(state) }),
    })
  }

  /** Listens; the first height opens once all others are connected, or patience is over. */
  async start(): Promise<void> {
    const { transport, clock, tickMs, cluster, peers, logger, keyring } = this.#init
    transport.onMessage((from, bytes) => {
      const frame = decodeFrame(bytes)
      const member = this.#members.get(from)
      if (member === undefined) return
      if (frame?.cluster !== cluster.id) return this.#tell(member, 'foreign-cluster')
      const parts = this.#admit.frame(member, frame)
      if (parts.length > 0) this.#input({ kind: 'message', from: member, parts })
    })
    await transport.start()
    transport.setPeers(peers)
    this.#startedMs = clock.nowMs()
    this.#stopTicks = clock.every(tickMs, () => this.#tick())
    logger.info('node.ready', { key: keyring.address, addresses: transport.addresses() })
  }

  /** Cron, or whoever else keeps the schedule, says that it is time. */
  resync(): void {
    this.#input({ kind: 'resync' })
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#stopTicks?.()
    await this.#init.transport.stop()
    await this.#init.runner.stop()
    this.#init.logger.info('node.stopped')
  }

  #tick(): void {
    const { transport, clock, peers, logger } = this.#init
    const connected = transport.connected().length
    if (connected !== this.#connected) logger.info('peers.connected', { connected, known: peers.length })
    this.#connected = connected
    if (!this.#state.running) {
      if (connected < peers.length && clock.nowMs() - this.#startedMs < PATIENCE_MS) return
      this.#input({ kind: 'start' })
    }
    if (this.#state.tick % this.#secondTicks === 0) this.#admit.refill()
    this.#input({ kind: 'tick' })
    this.#observer.tick(this.#state.box.height)
  }

  /** Takes an input in turn: effects may cause others. */
  #input(input: EngineInput): void {
    if (this.#isStopped) return
    this.#queue.push(input)
    if (this.#draining) return
    this.#draining = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next)
    } catch (error) {
      this.#isStopped = true
      this.#init.onFatal(error)
    } finally {
      this.#draining = false
    }
  }

  #step(input: EngineInput): void {
    const { state, effects } = step(this.#state, input)
    this.#state = state
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: EngineEffect): void {
    const { cluster, self, logger } = this.#init
    switch (effect.kind) {
      case 'observe':
        this.#observer.ask(effect.height)
        break
      case 'record':
        this.#logEntries(effect.entries)
        this.#step({ kind: 'signed', signed: this.#sign(effect.object) })
        break
      case 'append':
        this.#logEntries(effect.entries)
        break
      case 'aggregate':
        this.#aggregate(effect)
        break
      case 'broadcast':
        for (const { index } of cluster.members) if (index !== self) this.#send(index, effect.parts)
        break
      case 'send':
        this.#send(effect.to, effect.parts)
        break
      case 'settled':
        this.#settled(effect)
        break
      case 'measured': {
        const { height, transitional, operational } = effect
        logger.info('validity.measured', { height, transitional, operational })
        break
      }
      case 'ignored':
        break
      case 'serveHeights':
      case 'serveBodies':
      case 'decided':
      case 'certified':
      case 'evidence':
        throw new InvariantError(`profile paper has no effect ${effect.kind}`)
    }
  }

  #settled({ height, state, stateHash, globallyValid }: Extract<EngineEffect, { kind: 'settled' }>): void {
    const { logger, source } = this.#init
    const { head } = this.#state.log
    logger.info('height.settled', { height, stateHash, state: toHex(state), globallyValid, logHead: head })
    source.decided({ height, state: state.slice() })
  }

  #sign(object: ProtocolObject): Signed {
    const { cluster, self, keyring } = this.#init
    const hash = hashObject(cluster.id, object)
    const signature = keyring.sign(signingDigest(this.#separator, hash))
    return { object, member: self, hash, signature }
  }

  #logEntries(entries: readonly LogEntry[]): void {
    for (const { height, round, event, from, to } of entries) {
      this.#init.logger.info('phase.enter', { height, round, transition: event, from, to })
    }
  }

  #send(to: MemberIndex, parts: readonly Part[]): void {
    const member = this.#init.cluster.members[to]
    if (member === undefined) return
    for (const bytes of packFrames(this.#init.cluster.id, parts)) this.#init.transport.send(member.key, bytes)
  }

  /** Each member's faults of one kind are told once: they must not fill the log. */
  #tell(member: MemberIndex, code: string): void {
    if (this.#told.has(`${member}/${code}`)) return
    this.#told.add(`${member}/${code}`)
    this.#init.logger.warn('frame.refused', { member, code })
  }

  #aggregate(effect: Extract<EngineEffect, { kind: 'aggregate' }>): void {
    const { runner, params, cluster, reducer, logger } = this.#init
    const { token, height, inputs, closing, own } = effect
    const merging = own === undefined ? {} : { own }
    const call = { reducer, params: params.reducerParams, seed: cluster.seed, events: [], inputs, closing }
    runner.run({ ...call, ...merging }).then(
      (result) => {
        if (result.ok) {
          const { state } = result
          this.#input({ kind: 'aggregated', token, result: { state, stateHash: keccak(state) } })
          return
        }
        logger.warn('reducer.failed', { height, code: result.code })
        const lost = result.code === 'timedOut' || result.code === 'crashed'
        this.#input(lost ? { kind: 'expired', token } : { kind: 'aggregated', token, result: null })
      },
      (error: unknown) => this.#init.onFatal(error),
    )
  }
}
