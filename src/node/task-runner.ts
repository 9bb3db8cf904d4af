import type { RawFrame } from '../codec/frames.ts'
import { keccak, toHex } from '../codec/hex.ts'
import { domainSeparator } from '../codec/objects.ts'
import type { EngineEffect, EngineInput } from '../protocol/io.ts'
import { isWantedBody } from '../protocol/receive.ts'
import type { ReducerRunner } from '../ports/reducer-runner.ts'
import { restoreEngine } from '../protocol/restore.ts'
import { maySign, SIGN_NOTHING } from '../protocol/standing.ts'
import type { CheckpointBox, EngineState } from '../protocol/state.ts'
import type { Validity } from '../protocol/validity.ts'
import { invariant, InvariantError } from '../types/errors.ts'
import type { Evidence } from '../types/evidence.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { Signed } from '../types/objects.ts'
import { Admit } from './admit.ts'
import { Aggregator } from './aggregator.ts'
import type { BodyGate } from './body-gate.ts'
import { gateOf } from './body-gate.ts'
import { engineConfig } from './engine-config.ts'
import { EngineLoop } from './engine-loop.ts'
import { EvidenceBook, factsOf } from './evidence-book.ts'
import { failPoint } from './failpoints.ts'
import { MemberLink } from './member-link.ts'
import type { LeaveAnswer } from './membership.ts'
import { membershipOf } from './membership.ts'
import { Observer } from './observer.ts'
import { Challenger } from './challenger.ts'
import type { AcceptedCheckpoint } from './challenger.ts'
import type { HandedOn } from './opened.ts'
import { beforeOf } from './opened.ts'
import { PostedEvents } from './posted-events.ts'
import { Refusals } from './refusals.ts'
import { missingCheckpoints, restoredTask } from './restored.ts'
import { Serving } from './serving.ts'
import type { SignerInit, ToSign } from './signing.ts'
import { signOnce } from './signing.ts'
import { SigningWatch } from './signing-watch.ts'
import type { PostedLedgerEvent } from './task-book.ts'
import type { TaskHealth } from './task-health.ts'
import { TwinCheck } from './twin-check.ts'
import { Vetter } from './vetter.ts'
import type { TaskRunnerInit } from './task-runner-init.ts'
import { ToldSource } from './told-source.ts'
import { goesOn } from '../types/task.ts'

/** Decided heights whose objects the engine still takes. */
const LATE_HEIGHTS = 2

/**
 * Drives one engine: admit → record → step → effects, one input at a time. All protocol decisions are the engine's; this
 * only carries out effects, in their order. (Above 400 lines, as every effect is carried out in this one place.)
 */
export class TaskRunner {
  readonly #init: TaskRunnerInit
  readonly #admit: Admit
  readonly #observer: Observer
  readonly #secondTicks: number
  readonly #signer: SignerInit
  readonly #link: MemberLink
  readonly #serving: Serving
  readonly #loop: EngineLoop
  readonly #twin: TwinCheck | null
  readonly #aggregator: Aggregator
  readonly #gate: BodyGate | null
  readonly #vetter: Vetter | null
  /** Only where a height can be shown to be wrong. */
  readonly challenger: Challenger | null
  readonly #watch: SigningWatch
  readonly evidence: EvidenceBook
  readonly #members: ReadonlyMap<string, MemberIndex>
  readonly #events = new PostedEvents()
  /** The state before height 1; null until it is known. */
  #handed: Uint8Array | null
  /** Rolling hash of them. */
  readonly #ignored: Record<string, number> = {}
  readonly #refusals: Refusals
  readonly #source: ToldSource
  #measured: { transitional: Validity | null; operational: Validity | null } = {
    transitional: null,
    operational: null,
  }

  constructor(init: TaskRunnerInit) {
    this.#init = init
    this.#handed = goesOn(init.params) ? null : new Uint8Array()
    const separator = domainSeparator(init.domain)
    this.#signer = { cluster: init.cluster.id, self: init.self, keyring: init.keyring, separator }
    this.#link = new MemberLink(init.cluster, init.self, init.transport)
    this.#serving = new Serving(init.store, init.cluster.id, this.#link)
    this.#refusals = new Refusals(init)
    this.#source = new ToldSource(init)
    this.#members = new Map(init.cluster.members.map((member) => [member.key, member.index]))
    this.#admit = new Admit({
      cluster: init.cluster,
      separator,
      recover: init.recover,
      refused: (from, code) => this.#refusals.add(from, code),
      isolation: (member, isolated) => {
        const event = isolated ? 'member.isolated' : 'member.released'
        init.logger.warn(event, { task: String(init.taskId), member })
      },
    })
    invariant(init.cluster.members[init.self]?.key === init.keyring.address, 'the own seat holds the own key')
    const { twin, debateTicks, calldataInputs: publishesInputs } = init.params
    const isProvable = BigInt(twin) !== 0n
    this.#gate = gateOf(init, {
      isWanted: (hash) => isWantedBody(this.state, hash),
      deliver: (from, part) => this.input({ kind: 'message', from, parts: [part] }),
    })
    const isValidInput = (state: Uint8Array): boolean => this.#gate?.isValid(keccak(state)) ?? false
    const judged = this.#gate === null ? {} : { isValidInput }
    const config = engineConfig({ ...init, ...judged, isProvable, publishesInputs })
    const { taskId, chain, logger } = init
    this.#twin = isProvable ? new TwinCheck({ taskId, chain, logger, twin, ticksMax: debateTicks }) : null
    const give = (input: EngineInput): void => this.input(input)
    const runner = init.sandbox ?? init.runner
    const handedOver = (): Uint8Array => this.#requireHanded()
    this.#aggregator = new Aggregator({ ...init, runner, twin: this.#twin, handedOver, give })
    this.evidence = new EvidenceBook(init.store, { ...init, epochHeights: init.params.epochHeights })
    const restored = restoredTask(init.store, init.cluster.id, config)
    for (const own of restored.signed) this.#admit.remember(own)
    for (const { bodies } of restored.kept ?? []) this.#gate?.restore(bodies.values())
    this.#loop = new EngineLoop({
      state: restoreEngine(config, { ...restored, due: missingCheckpoints(init.store, config, restored) }),
      carryOut: (effect) => this.#carryOut(effect),
      onFatal: init.onFatal,
    })
    this.#watch = new SigningWatch({
      ...init,
      link: this.#link,
      state: () => this.state,
      fence: (upTo) => this.input({ kind: 'fence', upTo }),
      onDouble: init.onFatal,
    })
    this.input({ kind: 'fence', upTo: SIGN_NOTHING })
    this.#secondTicks = Math.max(1, Math.round(1000 / init.params.tickMs))
    this.challenger = isProvable ? this.#makeChallenger(separator) : null
    this.#vetter = isProvable ? this.#makeVetter(runner) : null
    this.#observer = new Observer({
      ...init,
      source: this.#gate?.source(init.source) ?? init.source,
      isValid: config.isValidInput,
      inputBytesMax: config.inputBytesMax,
      secondTicks: this.#secondTicks,
      observed: (height, state) => this.input({ kind: 'observed', height, state, stateHash: keccak(state) }),
    })
  }

  get state(): EngineState {
    return this.#loop.state
  }

  /** Whether it can go on from where the store left it, and knows what it was handed over. */
  get isReady(): boolean {
    return this.#handed !== null && (this.#gate?.isReady ?? true)
  }

  /** Whether the task that this one goes on from has not come to an end that all see alike. */
  get waitsForPredecessor(): boolean {
    return this.#handed === null
  }

  /** The state before height 1 is known: the result of the predecessor, or nothing. Once. */
  takeOver(state: Uint8Array): void {
    this.#handed = state
    this.#source.handedOver(state)
  }

  /** The chain has ended the task at a height, whose state is its result. */
  ended(height: number, result: Uint8Array): void {
    this.#source.ended(height, result)
  }

  health(): TaskHealth {
    const s = this.state
    return {
      taskId: String(this.#init.taskId),
      height: s.box.height,
      heights: s.config.heights,
      round: s.round,
      status: s.log.status,
      waitsFor: this.waitsForPredecessor ? String(this.#init.params.predecessor) : null,
      membership: membershipOf(s),
      signing: this.#watch.health(),
      decidedHeight: s.chain.height,
      anchoredHeight: s.anchoredHeight,
      vettedHeight: this.#vetter === null ? null : s.vetted,
      ...this.#measured,
      signatureChecks: this.#admit.checks,
      isolated: this.#admit.isolated,
      frozen: this.#aggregator.frozen,
      difference: this.#aggregator.difference,
      evidence: this.evidence.counts,
      ignored: { ...this.#ignored },
      refused: { ...this.#refusals.counts },
    }
  }

  /** Asks to leave for good: the own CLOSE is durable before anything else happens. */
  leave(): LeaveAnswer {
    if (this.state.chain.height >= this.state.config.heights) return 'over'
    if (this.#watch.fence === SIGN_NOTHING) return 'waiting'
    this.input({ kind: 'close' })
    return membershipOf(this.state) === 'member' ? 'failed' : 'signed'
  }

  start(): void {
    this.input({ kind: 'start' })
    this.#loop.guarded(() => this.#watch.tick())
  }

  /** The chain has convicted this node of an offence. */
  convicted(offence: string): void {
    this.#loop.guarded(() => this.#watch.convicted(offence))
  }

  /** The operator says that the store has everything that was signed in this task. */
  trust(): void {
    this.#watch.trust()
  }

  /** The operator has looked into why the task was frozen. False: it was not. */
  resume(): boolean {
    return this.#aggregator.resume()
  }

  /** The chain has a checkpoint, with this node's signature or without. */
  checkpointed(checkpoint: AcceptedCheckpoint, isSigned: boolean): void {
    const { height } = checkpoint
    if (isSigned) this.#watch.signedOnChain(height)
    this.challenger?.accepted(checkpoint)
    this.input({ kind: 'checkpointed', height })
    this.#admit.forget(Math.min(height, this.state.chain.height - LATE_HEIGHTS))
  }

  tick(): void {
    if (this.#loop.isStopped) return
    const { tick } = this.state
    if (tick % this.#secondTicks === 0) {
      this.#admit.refill()
      this.#refusals.second(tick / this.#secondTicks)
    }
    this.#twin?.tick()
    this.#loop.guarded(() => this.#watch.tick())
    this.input({ kind: 'tick' })
    this.#vetter?.tick(this.state.vetted, this.state.chain.height)
    this.#observer.tick(this.state.box.height)
  }

  /** The application has something to say. */
  wish(): void {
    this.input({ kind: 'wish' })
  }

  stop(): void {
    this.#loop.stop()
  }

  /** It has stopped, and nothing of it is needed any more. */
  retire(): void {
    this.#source.over(this.state.chain.height)
  }

  /** A decoded frame of this cluster from a proven identity. Strangers to the cluster are ignored. */
  frame(key: string, frame: RawFrame): void {
    const from = this.#members.get(key)
    if (from === undefined || this.#loop.isStopped || !this.isReady) return
    const parts = this.#admit.frame(from, frame)
    if (parts.length === 0) return
    this.#loop.guarded(() => this.#watch.heard(from, parts))
    const { now, bodies } = this.#gate?.parts(parts) ?? { now: parts, bodies: [] }
    if (now.length > 0) this.input({ kind: 'message', from, parts: now })
    this.#gate?.judge(from, bodies)
  }

  ledgerEvent(event: PostedLedgerEvent): void {
    const eventsHash = this.#events.add(event)
    if (eventsHash === null) return
    this.#source.posted(event, this.state.chain.height)
    this.input({ kind: 'ledger', eventSeq: event.seq, eventsHash })
  }

  input(input: EngineInput): void {
    this.#loop.input(input)
  }

  #carryOut(effect: EngineEffect): void {
    const { store, cluster, logger, taskId } = this.#init
    const task = String(taskId)
    switch (effect.kind) {
      case 'observe':
        this.#observer.ask(effect.height)
        break
      case 'record':
        this.#loop.step({ kind: 'signed', signed: this.#sign(effect) })
        break
      case 'append':
        failPoint('append.before')
        store.append(cluster.id, effect.entries)
        failPoint('append.after')
        this.#logEntries(effect.entries)
        break
      case 'aggregate':
        this.#aggregator.run(effect, this.#events.all)
        break
      case 'broadcast':
        this.#link.broadcast(effect.parts)
        break
      case 'send':
        this.#link.send(effect.to, effect.parts)
        break
      case 'serveHeights':
        this.#serving.heights(effect.to, effect.fromHeight)
        break
      case 'serveBodies':
        this.#serving.bodies(effect.to, effect.hashes)
        break
      case 'decided':
        this.#decided(effect)
        break
      case 'settled':
        throw new InvariantError('a task on chain runs profile bft')
      case 'measured': {
        const { transitional, operational, height } = effect
        this.#measured = { transitional, operational }
        logger.info('validity.measured', { task, height, transitional, operational })
        break
      }
      case 'certified':
        this.#certified(effect.checkpoint)
        break
      case 'evidence':
        this.#keepEvidence(effect.evidence)
        break
      case 'otherHistory':
        this.challenger?.otherHistory(effect.checkpoint, effect.claim)
        break
      case 'ignored':
        this.#ignored[effect.code] = (this.#ignored[effect.code] ?? 0) + 1
        break
    }
  }

  /** What this node does not answer for it does not bring to the chain either. */
  #certified(checkpoint: CheckpointBox): void {
    if (this.#vetter === null || this.state.vetted >= checkpoint.height) this.#init.onCertified(checkpoint)
    else this.challenger?.heard(checkpoint.signed.values())
  }

  /** Durable first; then the application may act on it. */
  #decided(effect: Extract<EngineEffect, { kind: 'decided' }>): void {
    const { store, cluster, logger, taskId } = this.#init
    const { decided, round, value, state, globallyValid } = effect
    failPoint('decided.before')
    store.decide(cluster.id, { decided, round, value, state }, effect.bodies)
    failPoint('decided.after')
    logger.info('height.decided', {
      task: String(taskId),
      height: decided.height,
      round,
      value,
      state: toHex(state),
      inputs: decided.inputs.length,
      confirms: decided.confirms.length,
      globallyValid,
      // gave the same bytes twice (paper, section 4); null: this node ran no aggregation for the height
      locallyValid: this.#aggregator.decided(effect),
    })
    this.#source.decided(effect)
    this.#watch.decided()
  }

  #sign(request: ToSign): Signed {
    invariant(maySign(this.#watch.fence, request.object), 'nothing is signed behind the fence')
    const signed = signOnce(this.#signer, this.#init.store, request)
    this.#admit.remember(signed)
    this.#logEntries(request.entries)
    return signed
  }

  /** Durable first; whoever brings it to the chain reads it from the store. */
  #keepEvidence(found: Evidence): void {
    const { logger, taskId, store, cluster } = this.#init
    const evidence =
      found.kind === 'E4'
        ? { ...found, ...beforeOf(store, cluster.id, found.share.object.height, this.#handedOn()) }
        : found
    if (!this.evidence.keep(evidence)) return
    logger.warn('evidence.found', { task: String(taskId), ...factsOf(evidence) })
    this.#init.onEvidence()
  }

  #logEntries(entries: readonly LogEntry[]): void {
    const task = String(this.#init.taskId)
    for (const { height, round, event, from, to } of entries) {
      this.#init.logger.info('phase.enter', { task, height, round, transition: event, from, to })
    }
  }

  #handedOn(): HandedOn {
    const { usesPrevious } = this.#init.params
    return { usesPrevious, handedOver: () => this.#requireHanded() }
  }

  #requireHanded(): Uint8Array {
    invariant(this.#handed !== null, 'nothing is opened before it is known what was handed over')
    return this.#handed
  }

  #makeChallenger(separator: Digest): Challenger {
    const handed = this.#handedOn()
    const vetted = (): number => this.state.vetted
    const keep = (found: Evidence): void => this.#keepEvidence(found)
    return new Challenger({ ...this.#init, separator, handed, vetted, keep })
  }

  #makeVetter(runner: ReducerRunner): Vetter {
    return new Vetter({
      ...this.#init,
      runner,
      secondTicks: this.#secondTicks,
      events: () => this.#events.all,
      handedOver: () => this.#requireHanded(),
      vetted: (height) => {
        this.input({ kind: 'vetted', height })
        this.challenger?.vetted(height)
      },
      wrong: (opened) => this.challenger?.refuted(opened),
    })
  }
}
