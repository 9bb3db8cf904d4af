import type { RawFrame } from '../codec/frames.ts'
import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Clock } from '../ports/clock.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { TaskStatus } from '../types/task.ts'
import { Accuser } from './accuser.ts'
import { Anchor } from './anchor.ts'
import type { LeaveAnswer } from './membership.ts'
import type { Outbox } from './outbox.ts'
import { Republisher } from './republisher.ts'
import type { PostedLedgerEvent } from './task-book.ts'
import { postedOf } from './task-book.ts'
import type { TaskHealth } from './task-health.ts'
import type { TaskRunnerInit } from './task-runner.ts'
import { TaskRunner } from './task-runner.ts'

export interface RunningTaskInit extends Omit<TaskRunnerInit, 'chain' | 'onCertified'> {
  readonly chain: Chain
  readonly clock: Clock
  readonly outbox: Outbox
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
  /** The task ends here at the latest: as published, or where the client revoked it. */
  /** Earliest end: block and second. */
  #end: { readonly block: number; readonly time: number }
  /** Block of its finalization. */
  #finalizedAt: number | null = null
  /** Ticks for which its beginning may still wait for members out of reach; null before `start`. */
  #patience: number | null = null
  #hasBegun = false

  constructor(init: RunningTaskInit) {
    this.#init = init
    this.#events = [...init.posted]
    this.#end = { block: init.params.endBlock, time: init.params.endTime }
    this.#anchor = new Anchor(init)
    this.#republisher = new Republisher(init)
    this.#runner = new TaskRunner({ ...init, onCertified: (box) => this.#anchor.certified(box) })
    this.#accuser = new Accuser({ ...init, book: this.#runner.evidence, events: () => this.#events })
    for (const event of this.#events) this.#runner.ledgerEvent(event)
    this.#stopTicks = init.clock.every(init.params.tickMs, () => this.#tick())
  }

  get cluster(): Digest {
    return this.#init.cluster.id
  }

  /**
   * The history is read, and connections are under way. The first height waits for all members to be connected, for a while:
   * inputs sent before that are lost, and cost it a round. May be called again.
   */
  start(): void {
    if (this.#patience !== null) return
    const isRestart = this.#runner.state.log.seq > 0
    this.#patience = isRestart ? 0 : Math.ceil(PATIENCE_MS / this.#init.params.tickMs)
    this.#begin()
  }

  stop(): void {
    this.#stopTicks()
    this.#runner.stop()
  }

  /** Members, who need it up to `block` and on: until a while has passed since its finalization. */
  peers(block: number): readonly Address[] {
    return this.#hasLingered(block) ? [] : this.#init.cluster.members.map(({ key }) => key)
  }

  /** A frame from a proven identity. */
  frame(from: string, frame: RawFrame): void {
    this.#runner.frame(from, frame)
  }

  leave(): LeaveAnswer {
    return this.#runner.leave()
  }

  health(): TaskHealth {
    return this.#runner.health()
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
        this.#runner.input({ kind: 'checkpointed', height: event.height })
        this.#anchor.anchored(event.height)
        this.#runner.challenger.accepted(event)
        this.#republisher.checkpointed(event)
        break
      case 'republished':
        this.#republisher.republished(event)
        break
      case 'taskFinalized':
        this.#anchor.finalized()
        this.#finalizedAt = event.block
        break
      case 'taskRevoked':
        this.#end = { block: event.block, time: 0 }
        break
      case 'convicted':
        this.#accuser.convicted(event)
        break
    }
  }

  /** What is to be done for it at every look at the chain. */
  duties(head: number): readonly (() => Promise<void>)[] {
    return [
      () => this.#anchor.poll(),
      () => this.#republisher.poll(),
      () => this.#runner.challenger.poll(),
      () => this.#accuser.poll(head),
    ]
  }

  /** Whether nothing is left to do for it, and nobody to serve. */
  async isOver(block: number, time: number): Promise<boolean> {
    if (this.#hasLingered(block)) return true
    const { chain, taskId } = this.#init
    return block >= this.#end.block && time >= this.#end.time && OVER.has(await chain.taskStatus(taskId))
  }

  #hasLingered(block: number): boolean {
    return this.#finalizedAt !== null && block > this.#finalizedAt + LINGER_BLOCKS
  }

  #tick(): void {
    if (this.#hasBegun) return this.#runner.tick()
    if (this.#patience === null) return
    this.#patience -= 1
    this.#begin()
  }

  #begin(): void {
    const { cluster, self, transport } = this.#init
    const connected = new Set(transport.connected())
    const isComplete = cluster.members.every(({ index, key }) => index === self || connected.has(key))
    if (!isComplete && this.#patience !== null && this.#patience > 0) return
    this.#hasBegun = true
    this.#runner.start()
  }
}
