import { toHex } from '../codec/hex.ts'
import type { Address, Hex } from '../types/ids.ts'
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
  readonly statesFrom: (height: number, count: number) => readonly DecidedState[]
  readonly bodiesAt: (height: number) => HeightBodies | null
}

/** What is kept of it. */
export type KnownTask = Omit<FedTask, 'decided'>

interface Application<Task extends FedTask> {
  readonly reducers: readonly string[]
  readonly open: (request: Task) => StateSource | null
  readonly drawnElsewhere?: (line: Address, taskId: bigint, predecessor: bigint) => void
}

/** Whether a reducer accepts an input; null: this machine cannot say now. */
export type Judge = (task: KnownTask, input: Uint8Array) => Promise<boolean | null>

interface Fed {
  readonly task: KnownTask
  /** The height decided last; null before the first. Those before it are read from the store: they may be tens of thousands. */
  last: Decided | null
  readonly listeners: Set<() => void>
  /** Null: its states do not come over the API. */
  readonly input: Input | null
  /** Height at which the chain has ended it; null: not yet. */
  endedAt: number | null
  /** This node has let go of it. */
  hasRetired: boolean
}

/** Tasks that are over and can still be asked about, those that were over last. */
const OVER_MAX = 64
/** Past heights that a reader of a stream is given at a time: what it costs to read them holds everybody up. */
const PAST_MAX = 32

/** What the tasks of a node have decided, and what it brings to those that are fed over the API. */
export class TaskFeed {
  readonly #tasks = new Map<bigint, Fed>()
  readonly #over = new Set<bigint>()
  readonly #judge: Judge
  readonly #watchers = new Set<() => void>()

  constructor(judge: Judge) {
    this.#judge = judge
  }

  /** The same application; what its tasks decide is seen here, too. */
  follow<Task extends FedTask>(application: Application<Task>): Application<Task> {
    const { open, drawnElsewhere } = application
    return {
      ...application,
      open: (request) => this.#add(request, open(request), null),
      ...(drawnElsewhere === undefined
        ? {}
        : {
            drawnElsewhere: (...drawn) => {
              drawnElsewhere(...drawn)
              queueMicrotask(() => this.#tell())
            },
          }),
    }
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

  /** Calls whenever a task begins, is ended by the chain, or is let go of. @returns how to stop */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener)
    return () => this.#watchers.delete(listener)
  }

  list(): AnswerOf<'tasks'> {
    const tasks = [...this.#tasks.values()].map(({ task, last, input }) => ({
      task: String(task.taskId),
      reducer: task.reducer,
      params: task.params.reducerParams,
      member: task.self,
      members: task.members,
      heights: task.params.heights,
      decided: last?.height ?? 0,
      takesInput: input !== null,
    }))
    return { tasks }
  }

  /** `name@version`, or the id of a bundle. @throws Refused no-task */
  reducer(taskId: bigint): string {
    return this.#find(taskId).task.reducer
  }

  /** Seat of this node in a task, and how far it has come; without a seat it is no member. */
  standing(taskId: bigint): {
    readonly member: number | null
    readonly decided: number
    readonly isOver: boolean
    /** Height at which the chain has ended it; null: not yet, or this node does not know. */
    readonly endedAt: number | null
    /** This node has let go of it: it decides nothing more. */
    readonly hasRetired: boolean
  } {
    const fed = this.#tasks.get(taskId)
    if (fed === undefined)
      return { member: null, decided: 0, isOver: false, endedAt: null, hasRetired: false }
    const { endedAt, hasRetired } = fed
    const decided = fed.last?.height ?? 0
    const isOver = endedAt !== null || hasRetired || decided >= fed.task.params.heights
    return { member: fed.task.self, decided, isOver, endedAt, hasRetired }
  }

  state(taskId: bigint): Decided {
    const { last } = this.#find(taskId)
    if (last === null) throw new Refused(404, 'undecided', 'no height is decided yet')
    return last
  }

  heights(taskId: bigint, from: number, limit: number): readonly Decided[] {
    return past(this.#find(taskId), from, limit)
  }

  /** @throws Refused no-task, undecided */
  bodies(taskId: bigint, height: number): HeightBodies {
    const { task, last } = this.#find(taskId)
    // a node that stops has closed its store: what it has decided is asked for only while it runs
    const bodies = height > (last?.height ?? 0) ? null : task.bodiesAt(height)
    if (bodies === null) throw new Refused(404, 'undecided', `height ${height} is not decided yet`)
    return bodies
  }

  /**
   * Past heights, some at a time, then each as it is decided. A store that can be read no more is the end of it.
   *
   * @returns how to stop
   * @throws Refused no-task
   */
  subscribe(taskId: bigint, from: number, push: (decided: Decided) => void, end: () => void): () => void {
    const fed = this.#find(taskId)
    const { listeners } = fed
    let next = from
    let later: NodeJS.Immediate | null = null
    const give = (): void => {
      later = null
      const { last } = fed
      if (last === null || next > last.height) return
      for (const one of past(fed, next, PAST_MAX)) push(one)
      next = Math.min(next + PAST_MAX, last.height + 1)
      if (next <= last.height) later = setImmediate(guarded)
    }
    const guarded = (): void => {
      try {
        give()
      } catch {
        stop()
        end()
      }
    }
    const tell = (): void => {
      if (later === null) guarded()
    }
    const stop = (): void => {
      listeners.delete(tell)
      if (later !== null) clearImmediate(later)
    }
    give()
    listeners.add(tell)
    return stop
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

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }

  #forgetBeyond(taskId: bigint): void {
    this.#over.add(taskId)
    const [oldest] = this.#over
    if (this.#over.size <= OVER_MAX || oldest === undefined) return
    this.#over.delete(oldest)
    this.#tasks.delete(oldest)
  }

  #add(task: FedTask, source: StateSource | null, input: Input | null): StateSource | null {
    if (source === null) return null
    const { decided, ...fedTask } = task
    const last = decided.at(-1)
    const fed: Fed = {
      task: fedTask,
      last: last === undefined ? null : shown(last),
      listeners: new Set(),
      input,
      ...{ endedAt: null, hasRetired: false },
    }
    this.#tasks.set(task.taskId, fed)
    // once the node has it, too
    queueMicrotask(() => this.#tell())
    return {
      handedOver: (state) => source.handedOver?.(state),
      posted: (event) => source.posted?.(event),
      observe: (height) => source.observe(height),
      decided: (decision) => {
        source.decided(decision)
        fed.last = shown(decision)
        for (const tell of fed.listeners) tell()
      },
      over: () => {
        fed.hasRetired = true
        source.over?.()
        this.#forgetBeyond(task.taskId)
        this.#tell()
      },
      ended: (height, state) => {
        fed.endedAt = height
        source.ended?.(height, state)
        this.#tell()
      },
    }
  }
}

/** At most `count` heights from one on, up to the one decided last, which is at hand. */
function past({ task, last }: Fed, from: number, count: number): readonly Decided[] {
  if (last === null || from > last.height) return []
  if (from === last.height) return [last]
  return task.statesFrom(from, Math.min(count, last.height - from + 1)).map(shown)
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
