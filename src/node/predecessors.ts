import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import { invariant } from '../types/errors.ts'
import type { TaskStatus } from '../types/task.ts'

export interface PredecessorsInit {
  readonly chain: Pick<Chain, 'eventsAfter' | 'taskStatus' | 'outcomeOf'>
  readonly logger: Logger
}

/** Nothing more can be accepted. */
const OVER: ReadonlySet<TaskStatus> = new Set(['Closed', 'Expired', 'NoQuorum'])
/** What a task is handed by one that never had an accepted height. */
const NOTHING = new Uint8Array()

/**
 * What tasks hand over to those that go on from them, as all members see it alike: the published result, or nothing if the task
 * is over without an accepted height. Both are final facts of the chain. Until one of them is as deep as all that
 * this node acts on, there is no answer, and height 1 does not open.
 */
export class Predecessors {
  readonly #init: PredecessorsInit
  /** Block of each result. */
  readonly #finalizedAt = new Map<bigint, number>()
  /** Tasks with an accepted height and no result yet. */
  readonly #accepted = new Set<bigint>()
  /** Head at which a task without an accepted height was first seen to be over. */
  readonly #overAt = new Map<bigint, number>()
  readonly #told = new Set<bigint>()

  constructor(init: PredecessorsInit) {
    this.#init = init
  }

  take(event: ChainEvent): void {
    if (event.kind === 'checkpointed') this.#accepted.add(event.taskId)
    if (event.kind !== 'taskFinalized') return
    this.#finalizedAt.set(event.taskId, event.block)
    this.#accepted.delete(event.taskId)
  }

  /**
   * What `taskId` hands over; null if that is not settled. A tainted result is not gone on from: its successor waits,
   * and dies, so that a line finds its way back to a result that somebody honest vouches for.
   *
   * @param read block up to which events were given to `take`
   * @param head latest block
   */
  async handedOver(taskId: bigint, read: number, head: number): Promise<Uint8Array | null> {
    const at = this.#finalizedAt.get(taskId)
    if (at !== undefined) return (await this.#isTainted(taskId)) ? null : this.#resultIn(taskId, at)
    if (this.#accepted.has(taskId)) return null
    const status = await this.#init.chain.taskStatus(taskId)
    if (!OVER.has(status)) {
      this.#overAt.delete(taskId)
      return null
    }
    const since = this.#overAt.get(taskId) ?? head
    this.#overAt.set(taskId, since)
    // a height that was accepted before is among the events by then
    return read >= since ? NOTHING : null
  }

  async #isTainted(taskId: bigint): Promise<boolean> {
    const { chain, logger } = this.#init
    if ((await chain.outcomeOf?.(taskId)) !== 'tainted') return false
    if (!this.#told.has(taskId)) logger.error('predecessor.tainted', { task: String(taskId) })
    this.#told.add(taskId)
    return true
  }

  /** Read again: results are too long to be kept for whoever might need one. */
  async #resultIn(taskId: bigint, block: number): Promise<Uint8Array> {
    const page = await this.#init.chain.eventsAfter(block - 1, null, 1)
    const found = page?.events.find((event) => event.kind === 'taskFinalized' && event.taskId === taskId)
    invariant(found?.kind === 'taskFinalized', `the result of task ${taskId} is in block ${block}`)
    return found.result
  }
}
