import type { ChainEvent } from '../ports/chain.ts'
import type { Address, Digest } from '../types/ids.ts'
import type { TaskEvent } from './running-task.ts'
import type { PublishedTask } from './task-book.ts'

/** A task that this node was drawn for. */
export interface DrawnTask {
  readonly formed: Extract<ChainEvent, { kind: 'clusterFormed' }>
  readonly published: PublishedTask
  /** What the chain has told of it since. */
  readonly later: TaskEvent[]
}

/**
 * Tasks that this node was drawn for and cannot run: the bytes of their bundle are missing. They begin once a member has given
 * them; what the chain tells meanwhile is kept.
 */
export class WaitingTasks {
  readonly #tasks = new Map<bigint, DrawnTask>()

  add(task: DrawnTask): void {
    this.#tasks.set(task.formed.taskId, task)
  }

  /** One with a result needs this node no more. */
  take(event: TaskEvent): void {
    if (event.kind === 'taskFinalized') this.#tasks.delete(event.taskId)
    else this.#tasks.get(event.taskId)?.later.push(event)
  }

  /** Of a bundle that is here now; they no longer wait. */
  release(reducer: Digest): readonly DrawnTask[] {
    const ready = [...this.#tasks.values()].filter(({ published }) => published.params.reducer === reducer)
    for (const { formed } of ready) this.#tasks.delete(formed.taskId)
    return ready
  }

  /** Whoever may have the bytes, of one bundle or of all. */
  members(reducer?: Digest): readonly Address[] {
    return [...this.#tasks.values()].flatMap(({ formed, published }) =>
      reducer === undefined || published.params.reducer === reducer
        ? formed.cluster.members.map(({ key }) => key)
        : [],
    )
  }

  /** Why nothing is decided in them. */
  troubles(): readonly string[] {
    return [...this.#tasks.keys()].map((taskId) => `task ${taskId}: the bytes of its bundle are missing`)
  }

  /** Forgets those that could have ended by now. */
  prune(block: number, time: number): void {
    for (const [taskId, { published }] of this.#tasks) {
      const { endBlock, endTime } = published.params
      if (endBlock < block && endTime <= time) this.#tasks.delete(taskId)
    }
  }
}
