import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Address } from '../types/ids.ts'
import type { PublishedTask } from './task-book.ts'

/** A task of a line, whose cluster is drawn. */
export interface LineTask {
  readonly taskId: bigint
  /** Task that it goes on from; 0: none. */
  readonly predecessor: bigint
  readonly members: readonly Address[]
}

export interface LineBookInit {
  readonly key: Address
  readonly chain: Pick<Chain, 'isLine'>
  /** A task was drawn without this node, which was a member of one before. */
  readonly onElsewhere?: ((line: Address, taskId: bigint, predecessor: bigint) => void) | undefined
}

type Formed = Extract<ChainEvent, { kind: 'clusterFormed' }>

/** Tasks of a line that are kept, the newest ones. */
const TASKS_MAX = 8

/** Lines of which this node was drawn for a task, with that task and those after it. */
export class LineBook {
  readonly #init: LineBookInit
  /** By client of a task that this node was drawn for; null: it is no line. */
  readonly #lines = new Map<Address, readonly LineTask[] | null>()

  constructor(init: LineBookInit) {
    this.#init = init
  }

  /**
   * A cluster was drawn. Asks the chain once for each client of an own task.
   *
   * @throws RsdpError E_RPC_DOWN: nothing is noted then
   */
  async drawn({ taskId, cluster }: Formed, { client, params }: PublishedTask): Promise<void> {
    const { key, chain, onElsewhere } = this.#init
    if (!params.usesPrevious) return
    const members = cluster.members.map((member) => member.key)
    const isOwn = members.includes(key)
    if (isOwn && !this.#lines.has(client))
      this.#lines.set(client, ((await chain.isLine?.(client)) ?? false) ? [] : null)
    const tasks = this.#lines.get(client) ?? null
    if (tasks === null) return
    const { predecessor } = params
    this.#lines.set(client, [...tasks, { taskId, predecessor, members }].slice(-TASKS_MAX))
    if (!isOwn) onElsewhere?.(client, taskId, predecessor)
  }

  /** The line that an own task is of; null: it is of none. */
  of({ client, params }: PublishedTask): Address | null {
    return params.usesPrevious && (this.#lines.get(client) ?? null) !== null ? client : null
  }

  /** Tasks by line, in the order in which they were drawn; the newest ones. */
  all(): ReadonlyMap<Address, readonly LineTask[]> {
    return new Map([...this.#lines].flatMap(([line, tasks]) => (tasks === null ? [] : [[line, tasks]])))
  }
}
