import { decodeFrame } from '../codec/frames.ts'
import { keccak, toHex } from '../codec/hex.ts'
import type { Domain } from '../codec/objects.ts'
import { domainSeparator } from '../codec/objects.ts'
import type { Clock } from '../ports/clock.ts'
import type { Keyring, RecoverSigner } from '../ports/keyring.ts'
import type { Logger } from '../ports/logger.ts'
import type { ReducerRunner } from '../ports/reducer-runner.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { Peer, Transport } from '../ports/transport.ts'
import { createEngine } from '../protocol/create.ts'
import type { EngineEffect } from '../protocol/io.ts'
import type { PaperProfile } from '../protocol/paper/profile.ts'
import type { Schedule } from '../protocol/schedule.ts'
import type { Cluster } from '../types/cluster.ts'
import { InvariantError } from '../types/errors.ts'
import type { Address, MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import { Admit } from './admit.ts'
import type { EngineParams } from './engine-config.ts'
import { engineConfig } from './engine-config.ts'
import { EngineLoop } from './engine-loop.ts'
import { MemberLink } from './member-link.ts'
import { Observer } from './observer.ts'
import { answerOf } from './reduction.ts'
import type { SignerInit } from './signing.ts'
import { signObject } from './signing.ts'

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
  readonly #signer: SignerInit
  readonly #link: MemberLink
  readonly #members: ReadonlyMap<Address, MemberIndex>
  readonly #secondTicks: number
  readonly #told = new Set<string>()
  readonly #loop: EngineLoop
  #stopTicks: (() => void) | null = null
  #connected = -1
  #startedMs = 0

  constructor(init: PrivateNodeInit) {
    this.#init = init
    const { cluster, logger } = init
    const config = engineConfig(init)
    const separator = domainSeparator(init.domain)
    this.#signer = { cluster: cluster.id, self: init.self, keyring: init.keyring, separator }
    this.#link = new MemberLink(cluster, init.self, init.transport)
    this.#loop = new EngineLoop({
      state: createEngine(config),
      carryOut: (effect) => this.#carryOut(effect),
      onFatal: init.onFatal,
    })
    this.#members = new Map(cluster.members.map((member) => [member.key, member.index]))
    this.#secondTicks = Math.max(1, Math.round(1000 / init.tickMs))
    this.#admit = new Admit({
      cluster,
      separator,
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
      inputBytesMax: config.inputBytesMax,
      secondTicks: this.#secondTicks,
      observed: (height, state) =>
        this.#loop.input({ kind: 'observed', height, state, stateHash: keccak(state) }),
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
      if (parts.length > 0) this.#loop.input({ kind: 'message', from: member, parts })
    })
    await transport.start()
    transport.setPeers(peers)
    this.#startedMs = clock.nowMs()
    this.#stopTicks = clock.every(tickMs, () => this.#tick())
    logger.info('node.ready', { key: keyring.address, addresses: transport.addresses() })
  }

  /** Cron, or whoever else keeps the schedule, says that it is time. */
  resync(): void {
    this.#loop.input({ kind: 'resync' })
  }

  async stop(): Promise<void> {
    this.#loop.stop()
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
    if (!this.#loop.state.running) {
      if (connected < peers.length && clock.nowMs() - this.#startedMs < PATIENCE_MS) return
      this.#loop.input({ kind: 'start' })
    }
    if (this.#loop.state.tick % this.#secondTicks === 0) this.#admit.refill()
    this.#loop.input({ kind: 'tick' })
    this.#observer.tick(this.#loop.state.box.height)
  }

  #carryOut(effect: EngineEffect): void {
    const { logger } = this.#init
    switch (effect.kind) {
      case 'observe':
        this.#observer.ask(effect.height)
        break
      case 'record':
        this.#logEntries(effect.entries)
        this.#loop.step({ kind: 'signed', signed: signObject(this.#signer, effect.object) })
        break
      case 'append':
        this.#logEntries(effect.entries)
        break
      case 'aggregate':
        this.#aggregate(effect)
        break
      case 'broadcast':
        this.#link.broadcast(effect.parts)
        break
      case 'send':
        this.#link.send(effect.to, effect.parts)
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
      case 'otherHistory':
      case 'evidence':
        throw new InvariantError(`profile paper has no effect ${effect.kind}`)
    }
  }

  #settled({ height, state, stateHash, globallyValid }: Extract<EngineEffect, { kind: 'settled' }>): void {
    const { logger, source } = this.#init
    const { head } = this.#loop.state.log
    logger.info('height.settled', { height, stateHash, state: toHex(state), globallyValid, logHead: head })
    source.decided({ height, state: state.slice() })
  }

  #logEntries(entries: readonly LogEntry[]): void {
    for (const { height, round, event, from, to } of entries) {
      this.#init.logger.info('phase.enter', { height, round, transition: event, from, to })
    }
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
    const members = cluster.members.map(({ key, weight }) => ({ key, weight }))
    const context = { seed: cluster.seed, height, members, previous: null, events: [] }
    const call = { reducer, params: params.reducerParams, context, inputs, closing }
    runner.run({ ...call, ...merging }).then(
      (result) => {
        if (!result.ok) logger.warn('reducer.failed', { height, code: result.code })
        this.#loop.input(answerOf(token, result))
      },
      (error: unknown) => this.#init.onFatal(error),
    )
  }
}
