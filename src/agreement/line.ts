import type { Agreement, Known, Proposed } from './agreement.ts'

/** A task of a line, as this node knows it. */
interface LineTask {
  readonly taskId: bigint
  /** Null: the cluster was drawn without this node. */
  readonly agreement: Agreement | null
}

/** What became of a command, and the task whose height that is. */
export type InLine<T> = T extends { readonly height: number } ? T & { readonly task: bigint } : T

/**
 * A line of tasks, as far as this node is a member of them. Commands go to the task that decides now; what no height of a task
 * will hold goes to the next one, over restarts too, unless that is drawn without this node.
 */
export class Line {
  /** By number. */
  #tasks: readonly LineTask[] = []
  #isMoving = false

  /**
   * The next task, drawn with this node or without.
   *
   * @param predecessor task that it goes on from: those between were passed over, and nothing that they have decided counts
   */
  add(taskId: bigint, predecessor: bigint, agreement: Agreement | null): void {
    for (const before of this.#tasks)
      if (before.taskId > predecessor && before.taskId < taskId) before.agreement?.ended(0, new Uint8Array())
    const tasks = [...this.#tasks, { taskId, agreement }]
    this.#tasks = tasks.sort((a, b) => (a.taskId < b.taskId ? -1 : 1))
    this.moveOn()
  }

  /** Nothing is kept of a task any more. */
  forget(taskId: bigint): void {
    this.#tasks = this.#tasks.filter((task) => task.taskId !== taskId)
  }

  /**
   * Proposes a command to the task that decides now.
   *
   * @param request a name of its own in this line: given again, the same command is meant
   * @throws RsdpError E_JOURNAL
   */
  async propose(command: Uint8Array, request: string): Promise<InLine<Proposed>> {
    const own = this.#own()
    const known = own.find(({ agreement }) => agreement.outcome(request) !== null)
    const open = own.find(({ agreement }) => !agreement.isOver)
    const newest = own.at(-1)
    const at = known ?? open ?? newest
    // what waits for the next task must be able to come there
    const isLeft = at === undefined || (known === undefined && open === undefined && this.#isElsewhere)
    if (isLeft) return { refused: 'not-a-member' }
    const outcome = await at.agreement.propose(command, request, true)
    if ('refused' in outcome) return outcome
    const holds = this.outcome(request)
    return { ...outcome, task: holds === null || holds === 'waiting' ? at.taskId : holds.task }
  }

  /** What became of a command that was given this name; null: no such name is kept. */
  outcome(request: string): InLine<Known> | null {
    // the name is with one task at a time
    for (const { taskId, agreement } of this.#own()) {
      const known = agreement.outcome(request)
      if (known === 'waiting') return known
      if (known !== null) return { ...known, task: taskId }
    }
    return null
  }

  /** Gives what tasks have left to those after them. */
  moveOn(): void {
    if (this.#isMoving) return
    this.#isMoving = true
    try {
      this.#tasks.forEach(({ agreement }, i) => {
        const next = this.#tasks[i + 1]
        if (agreement === null || next === undefined) return
        if (next.agreement === null) agreement.refuseLeft()
        else for (const one of agreement.left) agreement.handOn(one, next.agreement)
      })
    } finally {
      this.#isMoving = false
    }
  }

  /** The newest task was drawn without this node. */
  get #isElsewhere(): boolean {
    return this.#tasks.at(-1)?.agreement === null
  }

  #own(): { readonly taskId: bigint; readonly agreement: Agreement }[] {
    return this.#tasks.flatMap(({ taskId, agreement }) => (agreement === null ? [] : [{ taskId, agreement }]))
  }
}
