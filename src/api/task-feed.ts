import { toHex } from '../codec/hex.ts'
import type { Hex } from '../types/ids.ts'
import type { HeightBodies } from '../ports/body-source.ts'
import type { DecidedState, StateSource } from '../ports/state-source.ts'
import { Refused } from './refused.ts'
import type { AnswerOf, Decided } from './routes.ts'

/** What the feed has to know of a task; the node asks its applications with this and more. */
export interface FedTask {
  readonly taskId: bigint
  readonly reducer: string
  readonly params: { readonly reducerParams: Hex; readonly heights: number; readonly inputCap: number }
  readonly self: number
  readonly members: number
  readonly decided: readonly DecidedState[]
  readonly bodiesAt: (height: number) => HeightBodies | null
}

interface Application<Task extends FedTask> {
  readonly reducers: readonly string[]
  readonly open: (request: Task) => StateSource | null
}

/** Whether a reducer accepts an input; null: this machine cannot say now. */
export type Judge = (task: FedTask, input: Uint8Array) => Promise<boolean | null>

interface Fed {
  readonly task: FedTask
  /** By height, from 1. */
  readonly decided: Decided[]
  readonly listeners: Set<(decided: Decided) => void>
  /** Null: its states do not come over the API. */
  readonly input: Input | null
}

/** Tasks that are kept, the newest ones. */
const TASKS_MAX = 64

/** What the tasks of a node have decided, and what it brings to those that are fed over the API. */
export class TaskFeed {
  readonly #tasks = new Map<bigint, Fed>()
  readonly #judge: Judge

  constructor(judge: Judge) {
    this.#judge = judge
  }

  /** The same application; what its tasks decide is seen here, too. */
  follow<Task extends FedTask>(application: Application<Task>): Application<Task> {
    const { reducers, open } = application
    return { reducers, open: (request) => this.#add(request, open(request), null) }
  }

  /** An application whose states are those that `setInput` is given. */
  inputs(reducers: readonly string[]): Application<FedTask> {
    return {
      reducers,
      open: (request) => {
        const input = new Input()
        return this.#add(request, { observe: () => input.value, decided: () => undefined }, input)
      },
    }
  }

  list(): AnswerOf<'tasks'> {
    const tasks = [...this.#tasks.values()].map(({ task, decided, input }) => ({
      task: String(task.taskId),
      reducer: task.reducer,
      params: task.params.reducerParams,
      member: task.self,
      members: task.members,
      heights: task.params.heights,
      decided: decided.length,
      takesInput: input !== null,
    }))
    return { tasks }
  }

  /** `name@version`, or the id of a bundle. @throws Refused no-task */
  reducer(taskId: bigint): string {
    return this.#find(taskId).task.reducer
  }

  state(taskId: bigint): Decided {
    const last = this.#find(taskId).decided.at(-1)
    if (last === undefined) throw new Refused(404, 'undecided', 'no height is decided yet')
    return last
  }

  heights(taskId: bigint, from: number, limit: number): readonly Decided[] {
    return this.#find(taskId).decided.slice(from - 1, from - 1 + limit)
  }

  /** @throws Refused no-task, undecided */
  bodies(taskId: bigint, height: number): HeightBodies {
    const { task, decided } = this.#find(taskId)
    // a node that stops has closed its store: what it has decided is asked for only while it runs
    const bodies = height > decided.length ? null : task.bodiesAt(height)
    if (bodies === null) throw new Refused(404, 'undecided', `height ${height} is not decided yet`)
    return bodies
  }

  /** Past heights at once, then each as it is decided. */
  subscribe(taskId: bigint, from: number, push: (decided: Decided) => void): () => void {
    const { decided, listeners } = this.#find(taskId)
    for (const past of decided.slice(from - 1)) push(past)
    listeners.add(push)
    return () => void listeners.delete(push)
  }

  /** @throws Refused no-task, not-fed, input, busy */
  async setInput(taskId: bigint, bytes: Uint8Array): Promise<void> {
    const { task, input } = this.#find(taskId)
    if (input === null) throw new Refused(409, 'not-fed', 'its states come from an application')
    const accepted = bytes.length <= task.params.inputCap && (await this.#judge(task, bytes))
    if (accepted === null) throw new Refused(503, 'busy', 'this machine cannot judge the input now')
    if (!accepted) throw new Refused(422, 'input', `the reducer ${task.reducer} does not accept this state`)
    input.set(bytes)
  }

  #find(taskId: bigint): Fed {
    const found = this.#tasks.get(taskId)
    if (found === undefined) throw new Refused(404, 'no-task', 'this node was not drawn for such a task')
    return found
  }

  #add(task: FedTask, source: StateSource | null, input: Input | null): StateSource | null {
    if (source === null) return null
    const fed: Fed = { task, decided: task.decided.map(shown), listeners: new Set(), input }
    this.#tasks.set(task.taskId, fed)
    const [oldest] = this.#tasks.keys()
    if (this.#tasks.size > TASKS_MAX && oldest !== undefined) this.#tasks.delete(oldest)
    return {
      handedOver: (state) => source.handedOver?.(state),
      observe: (height) => source.observe(height),
      decided: (decision) => {
        source.decided(decision)
        const one = shown(decision)
        fed.decided.push(one)
        for (const push of fed.listeners) push(one)
      },
    }
  }
}

const shown = ({ height, state }: DecidedState): Decided => ({ height, state: toHex(state) })

/** The state to bring: a height waits for the first. */
class Input {
  value: Promise<Uint8Array>
  #first: ((bytes: Uint8Array) => void) | null

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Uint8Array>()
    this.value = promise
    this.#first = resolve
  }

  set(bytes: Uint8Array): void {
    this.#first?.(bytes)
    this.#first = null
    this.value = Promise.resolve(bytes)
  }
}
