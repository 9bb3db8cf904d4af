import type { Address } from '../types/ids.ts'
import type { Follow, ServerEvent } from './event-stream.ts'
import { LINE_HEIGHTS, lineEventId } from './line-events.ts'
import type { LineTask, ServedLines } from './served-lines.ts'
import { Refused } from './refused.ts'
import type { AnswerOf } from './routes.ts'
import type { TaskFeed } from './task-feed.ts'

type LineEvent = AnswerOf<'lineEvents'>

/** In an id: all of the task is behind the reader. */
const ALL = LINE_HEIGHTS - 1

/** The events of a line at a node, over the seams of its tasks. @throws Refused no-line */
export function followLine(node: ServedLines, feed: TaskFeed, line: Address): Follow {
  if (node.lines().get(line) === undefined)
    throw new Refused(404, 'no-line', 'this node was drawn for no such line')
  return (after, push, end) => {
    const reader = new LineReader(() => node.lines().get(line) ?? [], feed, after, push, end)
    reader.advance()
    return () => reader.stop()
  }
}

/** Where one reader is in a line, and what it is told next. */
class LineReader {
  readonly #tasks: () => readonly LineTask[]
  readonly #feed: TaskFeed
  readonly #push: (event: ServerEvent) => void
  readonly #end: () => void
  readonly #unwatch: () => void
  /** Null: nothing was read yet. */
  #task: bigint | null
  #next: number
  #leave: (() => void) | null = null
  #isAdvancing = false
  #isStopped = false

  constructor(
    tasks: () => readonly LineTask[],
    feed: TaskFeed,
    after: number | null,
    push: (event: ServerEvent) => void,
    end: () => void,
  ) {
    this.#tasks = tasks
    this.#feed = feed
    this.#push = push
    this.#end = end
    this.#task = after === null || after === 0 ? null : BigInt(Math.floor(after / LINE_HEIGHTS))
    this.#next = after === null ? 1 : (after % LINE_HEIGHTS) + 1
    this.#unwatch = feed.watch(() => this.advance())
  }

  stop(): void {
    this.#isStopped = true
    this.#unwatch()
    this.#leave?.()
    this.#leave = null
  }

  /** Goes on as far as is known now; called again whenever a task of the node begins, ends, or is let go of. */
  advance(): void {
    if (this.#isAdvancing || this.#isStopped) return
    this.#isAdvancing = true
    try {
      while (this.#step());
    } finally {
      this.#isAdvancing = false
    }
  }

  /** False: there is nothing more to do for now. */
  #step(): boolean {
    const tasks = this.#tasks()
    const path = pathOf(tasks)
    const [first] = path
    if (first === undefined) return false
    const task = (this.#task ??= first.taskId)
    const after = path.find(({ taskId }) => taskId > task)
    if (!path.some(({ taskId }) => taskId === task)) {
      if (after === undefined) return false
      const isPassedOver = tasks.some(({ taskId }) => taskId === task)
      if (isPassedOver) this.#supersede(task, 0)
      else this.#skip(task, null)
      return this.#moveTo(after)
    }
    const { member, decided, endedAt, hasRetired } = this.#feed.standing(task)
    if (member === null) {
      if (after === undefined) return false
      this.#skip(task, null)
      return this.#moveTo(after)
    }
    if (this.#leave === null && this.#next <= ALL) {
      this.#follow(task)
      return true
    }
    if (after === undefined || endedAt === null) return false
    if (this.#next <= endedAt) {
      if (decided >= this.#next || !hasRetired) return false
      this.#skip(task, endedAt)
    } else this.#supersede(task, endedAt)
    return this.#moveTo(after)
  }

  #follow(task: bigint): void {
    // what it has already is pushed before it returns
    this.#leave = () => undefined
    const leave = this.#feed.subscribe(
      task,
      this.#next,
      ({ height, state }) => {
        if (this.#isStopped || task !== this.#task) return
        this.#next = height + 1
        this.#tell(height, { kind: 'decided', task: String(task), height, state })
        this.advance()
      },
      this.#end,
    )
    if (this.#isStopped || task !== this.#task) leave()
    else this.#leave = leave
  }

  #moveTo({ taskId }: LineTask): true {
    this.#leave?.()
    this.#leave = null
    this.#task = taskId
    this.#next = 1
    return true
  }

  /** Heights that this node has not, or has no more. */
  #skip(task: bigint, to: number | null): void {
    if (this.#next <= ALL)
      this.#tell(ALL, { kind: 'skipped', task: String(task), from: this.#next, to }, task)
  }

  /** Heights that the reader has, and the line has not. */
  #supersede(task: bigint, above: number): void {
    if (this.#next <= ALL && this.#next - 1 > above)
      this.#tell(ALL, { kind: 'superseded', task: String(task), above }, task)
  }

  #tell(height: number, data: LineEvent, task = this.#task ?? 0n): void {
    this.#push({ id: lineEventId(task, height), event: data.kind, data })
  }
}

/** The tasks that the newest one goes on from, in their order, and that one: those that were passed over are not among them. */
function pathOf(tasks: readonly LineTask[]): readonly LineTask[] {
  const byId = new Map(tasks.map((task) => [task.taskId, task]))
  const path: LineTask[] = []
  for (let at = tasks.at(-1); at !== undefined && !path.includes(at); at = byId.get(at.predecessor))
    path.unshift(at)
  return path
}
