import { hasMember } from '../codec/bitmap.ts'
import type { RawFrame } from '../codec/frames.ts'
import { keccak } from '../codec/hex.ts'
import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Clock } from '../ports/clock.ts'
import { isQuorum, weightOf } from '../protocol/quorum.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { TaskStatus } from '../types/task.ts'
import { Accuser } from './accuser.ts'
import { Anchor } from './anchor.ts'
import type { LeaveAnswer } from './membership.ts'
import type { Outbox } from './outbox.ts'
import { Republisher } from './republisher.ts'
import type { PostedLedgerEvent } from './task-book.ts'
import { postedOf } from './task-book.ts'
import { whySilent } from './signing-watch.ts'
import type { TaskHealth } from './task-health.ts'
import type { TaskRunnerInit } from './task-runner-init.ts'
import { TaskRunner } from './task-runner.ts'

export interface RunningTaskInit extends Omit<TaskRunnerInit, 'chain' | 'onCertified'> {
  readonly chain: Chain
  readonly clock: Clock
  readonly outbox: Outbox
  /** Block in which the cluster was drawn. */
  readonly formedAt: number
  /** What the task's predecessor has handed over; null while that is not settled. */
  readonly handedOver: () => Promise<Uint8Array | null>
  /** Ledger events before the cluster was drawn. */
  readonly posted: readonly PostedLedgerEvent[]
}

/** What the chain tells of a task that runs. */
export type TaskEvent = Extract<
  ChainEvent,
  { kind: 'ledgerEvent' | 'checkpointed' | 'republished' | 'taskFinalized' | 'taskRevoked' | 'convicted' }
>

/** How long the first height waits for members out of reach. */
const PATIENCE_MS = 10_000
/** Blocks for which a finalized task goes on serving members that are behind. */
const LINGER_BLOCKS = 256
/** Heights' worth of ticks without a decision after which a task stands still. */
const STILL_HEIGHTS = 8
/** Nothing more can happen to a task's history. */
const OVER: ReadonlySet<TaskStatus> = new Set(['Closed', 'Expired', 'NoQuorum'])

/** A task that this node was drawn for: the protocol, and all that has to be brought to the chain for it. */
export class RunningTask {
  readonly #init: RunningTaskInit
  readonly #runner: TaskRunner
  readonly #anchor: Anchor
  readonly #accuser: Accuser
  readonly #republisher: Republisher
  readonly #events: PostedLedgerEvent[]
  readonly #stopTicks: () => void
  /** Earliest end, block and second: as published, or where the client revoked it. */
  #end: { readonly block: number; readonly time: number }
  /** Block of its finalization. */
  #finalizedAt: number | null = null
  /** Block of the last checkpoint, or of the drawing: without another one the task dies `stallBlocks` later. */
  #progressAt: number
  /** A height was accepted: the task comes to a result. */
  #hasHeights = false
  /** The chain has said that it is not over though it could be. */
  #isKnownOpen = false
  #hasStopped = false
  /** Height decided last, and ticks since then. */
  #still = { height: 0, ticks: 0 }
  /** Ticks for which its beginning may still wait for members out of reach; null before `start`. */
  #patience: number | null = null
  #hasBegun = false

  constructor(init: RunningTaskInit) {
    this.#init = init
    this.#events = [...init.posted]
    this.#end = { block: init.params.endBlock, time: init.params.endTime }
    this.#progressAt = init.formedAt
    this.#anchor = new Anchor(init)
    this.#republisher = new Republisher(init)
    this.#runner = new TaskRunner({ ...init, onCertified: (box) => this.#anchor.certified(box) })
    this.#accuser = new Accuser({ ...init, book: this.#runner.evidence, events: () => this.#events })
    for (const event of this.#events) this.#runner.ledgerEvent(event)
    this.#stopTicks = init.clock.every(init.params.tickMs, () => this.#tick())
  }

  get reducer(): string {
    return this.#init.reducer
  }

  get cluster(): Digest {
    return this.#init.cluster.id
  }

  /**
   * The history is read, and connections are under way. The first height waits for all members to be connected, for a while:
   * inputs sent before that are lost, and cost it a round. May be called again. One that may be over waits until the chain
   * has said that it is not.
   *
   * @param block up to which the history is read
   * @param time of the latest block, seconds
   */
  start(block: number, time: number): void {
    if (this.#patience !== null || this.#hasStopped) return
    if (this.#mayBeOver(block, time) && !this.#isKnownOpen) return
    const isRestart = this.#runner.state.log.seq > 0
    this.#patience = isRestart ? 0 : Math.ceil(PATIENCE_MS / this.#init.params.tickMs)
    this.#begin()
  }

  stop(): void {
    this.#hasStopped = true
    this.#stopTicks()
    this.#runner.stop()
  }

  /** Stops for good: the application may let go of the task. */
  retire(): void {
    this.stop()
    this.#runner.retire()
  }

  /** Members, who need it up to `block` and on: until a while has passed since its finalization. */
  peers(block: number): readonly Address[] {
    return this.#hasStopped || this.#hasLingered(block)
      ? []
      : this.#init.cluster.members.map(({ key }) => key)
  }

  /** A frame from a proven identity. */
  frame(from: string, frame: RawFrame): void {
    this.#runner.frame(from, frame)
  }

  leave(): LeaveAnswer {
    return this.#runner.leave()
  }

  /** The application asks for the next height. */
  wish(): void {
    this.#runner.wish()
  }

  trust(): void {
    this.#runner.trust()
  }

  resume(): boolean {
    return this.#runner.resume()
  }

  health(): TaskHealth {
    return this.#runner.health()
  }

  /** Why it decides nothing although it should; null if it does, or has nothing to decide. */
  trouble(): string | null {
    const { taskId, params, cluster, self, transport } = this.#init
    const { height } = this.#runner.state.chain
    if (this.#hasStopped || this.#patience === null || height >= params.heights) return null
    if (this.#runner.waitsForPredecessor) return null
    const silence = whySilent(this.#runner.health().signing)
    if (silence !== null) return `task ${taskId}: ${silence}`
    const connected = new Set(transport.connected())
    const present = cluster.members.filter(({ index, key }) => index === self || connected.has(key))
    const weight = weightOf(
      cluster,
      present.map(({ index }) => index),
    )
    if (!isQuorum(cluster, weight))
      return `task ${taskId}: ${present.length} of ${cluster.members.length} members are here, too few to decide`
    const { debateTicks, shareTicks, confirmTicks, helloTicks, slotTicks } = params
    const heightTicks = slotTicks + debateTicks + shareTicks + confirmTicks + helloTicks
    if (this.#still.ticks <= STILL_HEIGHTS * heightTicks) return null
    return `task ${taskId}: stands still since height ${height}`
  }

  take(event: TaskEvent): void {
    switch (event.kind) {
      case 'ledgerEvent': {
        const posted = postedOf(event)
        this.#events.push(posted)
        this.#runner.ledgerEvent(posted)
        break
      }
      case 'checkpointed':
        this.#hasHeights = true
        this.#progressAt = event.block
        this.#runner.checkpointed(event, hasMember(event.bitmap, this.#init.self))
        this.#anchor.anchored(event.height)
        this.#republisher.checkpointed(event)
        break
      case 'republished':
        this.#republisher.republished(event)
        break
      case 'taskFinalized':
        this.#anchor.finalized()
        this.#finalizedAt = event.block
        this.#runner.ended(event.height, event.result)
        break
      case 'taskRevoked':
        this.#end = { block: event.block, time: 0 }
        break
      case 'convicted':
        this.#accuser.convicted(event)
        if (event.member === this.#init.self) this.#runner.convicted(event.offence)
        break
    }
  }

  /** What is to be done for it at every look at the chain. */
  duties(head: number): readonly (() => Promise<void>)[] {
    const accuse = (): Promise<void> => this.#accuser.poll(head)
    const challenge = async (): Promise<void> => await this.#runner.challenger?.poll()
    if (this.#hasStopped) return [challenge, accuse, ...(this.#owesResult ? [() => this.#anchor.poll()] : [])]
    return [
      () => this.#takeOver(),
      () => this.#anchor.poll(),
      () => this.#republisher.poll(head),
      challenge,
      accuse,
    ]
  }

  /** Whether nothing is left to do for it, and nobody to serve. One that is over decides nothing from then on. */
  async isOver(block: number, time: number): Promise<boolean> {
    const { chain, taskId, logger } = this.#init
    if (this.#hasLingered(block)) this.stop()
    if (!this.#hasStopped) {
      if (!this.#mayBeOver(block, time)) return false
      const status = await chain.taskStatus(taskId)
      this.#isKnownOpen = !OVER.has(status)
      if (this.#isKnownOpen) return false
      logger.info('task.over', { task: String(taskId), status, decided: this.#runner.state.chain.height })
      this.stop()
      this.#anchor.over()
      this.#end = { block: Math.min(this.#end.block, block), time: Math.min(this.#end.time, time) }
    }
    // proofs are taken for a while
    const isTailOver =
      block > this.#end.block + chain.lockTailBlocks && time > this.#end.time + chain.lockTailSeconds
    return (!this.#accuser.hasOpen && !this.#owesResult) || isTailOver
  }

  /** A task may go on from the result of one that ended before its last height. */
  get #owesResult(): boolean {
    return this.#init.params.usesPrevious && this.#hasHeights && this.#finalizedAt === null
  }

  async #takeOver(): Promise<void> {
    if (!this.#runner.waitsForPredecessor) return
    const state = await this.#init.handedOver()
    if (state === null || this.#hasStopped) return
    const { taskId, params, logger } = this.#init
    logger.info('task.handed-over', {
      task: String(taskId),
      predecessor: String(params.predecessor),
      state: keccak(state),
    })
    this.#runner.takeOver(state)
  }

  /** At its end, or without a checkpoint for so many blocks that the chain may call it dead. */
  #mayBeOver(block: number, time: number): boolean {
    const hasStalled = this.#finalizedAt === null && block > this.#progressAt + this.#init.params.stallBlocks
    return hasStalled || (block >= this.#end.block && time >= this.#end.time)
  }

  #hasLingered(block: number): boolean {
    return this.#finalizedAt !== null && block > this.#finalizedAt + LINGER_BLOCKS
  }

  #tick(): void {
    if (this.#hasBegun) {
      const { height } = this.#runner.state.chain
      this.#still = { height, ticks: height === this.#still.height ? this.#still.ticks + 1 : 0 }
      return this.#runner.tick()
    }
    if (this.#patience === null) return
    this.#patience -= 1
    this.#begin()
  }

  #begin(): void {
    const { cluster, self, transport } = this.#init
    const connected = new Set(transport.connected())
    if (!this.#runner.isReady) return
    const isComplete = cluster.members.every(({ index, key }) => index === self || connected.has(key))
    if (!isComplete && this.#patience !== null && this.#patience > 0) return
    this.#hasBegun = true
    this.#runner.start()
  }
}
