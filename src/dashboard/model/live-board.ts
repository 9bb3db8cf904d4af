import type { PhaseStatus } from '../../types/log.ts'
import type { FeedEvent } from './feed-event.ts'
import type { PlainLanes } from './lanes.ts'
import { Lanes } from './lanes.ts'

/** A member as its node reports it. */
export interface LiveMember {
  readonly node: string
  readonly seat: number
  readonly phase: PhaseStatus
  readonly height: number
  readonly round: number
}

/** What a seat has said of a height: nothing, this value, another value. */
export const MARKS = { silent: '.', same: 'd', other: 'x' } as const

/** A decided height as nodes report it. */
export interface LiveHeight {
  readonly height: number
  /** The first that a node decided in. */
  readonly round: number
  readonly value: string
  readonly inputs: number
  /** A mark per seat. */
  readonly seats: string
  /** Lowest magnitude that a node measured over SHAREs, and over decided states. */
  readonly shares: number | null
  readonly final: number | null
  /** Unix time of the first report, ms. */
  readonly atMs: number
}

export interface LiveConviction {
  readonly member: number
  readonly offence: string
  readonly percent: number
  readonly block: number
}

export interface LiveTask {
  readonly task: string
  readonly members: number
  readonly byNode: ReadonlyMap<string, LiveMember>
  readonly heights: ReadonlyMap<number, LiveHeight>
  /** The highest decided. */
  readonly decided: number
  /** Block of the last checkpoint that a node saw mined; 0: none. */
  readonly anchoredBlock: number
  readonly convictions: readonly LiveConviction[]
  /** Phases with their times, of the newest heights. */
  readonly lanes: Lanes
}

interface Task {
  task: string
  members: number
  byNode: Map<string, LiveMember>
  heights: Map<number, LiveHeight>
  decided: number
  anchoredBlock: number
  convictions: LiveConviction[]
  lanes: Lanes
}

/** Plain data, for a reader that comes late. */
export interface BoardSnapshot {
  readonly tasks: readonly {
    readonly task: string
    readonly members: number
    readonly byNode: readonly LiveMember[]
    readonly heights: readonly LiveHeight[]
    readonly anchoredBlock: number
    readonly convictions: readonly LiveConviction[]
    readonly lanes: readonly (readonly [height: number, lanes: PlainLanes])[]
  }[]
}

/** Heights kept per task, the newest. */
const HEIGHTS_MAX = 10_000
/** Tasks kept, the newest. */
const TASKS_MAX = 16

/** Everything the feed has said, folded: the server hands it to new readers, the page draws it. */
export class LiveBoard {
  readonly #tasks = new Map<string, Task>()

  static from({ tasks }: BoardSnapshot): LiveBoard {
    const board = new LiveBoard()
    for (const { byNode, heights, lanes, ...rest } of tasks) {
      board.#tasks.set(rest.task, {
        ...rest,
        convictions: [...rest.convictions],
        lanes: Lanes.from(lanes),
        byNode: new Map(byNode.map((member) => [member.node, member])),
        heights: new Map(heights.map((one) => [one.height, one])),
        decided: heights.reduce((most, { height }) => Math.max(most, height), 0),
      })
    }
    return board
  }

  snapshot(): BoardSnapshot {
    const tasks = [...this.#tasks.values()].map(({ byNode, heights, lanes, ...rest }) => {
      const { task, members, anchoredBlock, convictions } = rest
      return {
        ...{ task, members, anchoredBlock, convictions: [...convictions] },
        ...{ byNode: [...byNode.values()], heights: [...heights.values()] },
        lanes: lanes.plain(),
      }
    })
    return { tasks }
  }

  tasks(): readonly string[] {
    return [...this.#tasks.keys()]
  }

  task(id: string): LiveTask | null {
    return this.#tasks.get(id) ?? null
  }

  apply(event: FeedEvent): void {
    if (event.type === 'fault') return
    const task = this.#open(event.task)
    switch (event.type) {
      case 'running': {
        task.members = Math.max(task.members, event.members)
        const { node, seat } = event
        task.byNode.set(node, { node, seat, phase: 'INITIAL', height: 0, round: 0 })
        return
      }
      case 'phase': {
        const { node, phase, height, round, atMs } = event
        const known = task.byNode.get(node)
        if (known === undefined) return
        task.byNode.set(node, { ...known, phase, height, round })
        if (height > 0) task.lanes.take(height, known.seat, { phase, round, atMs })
        return
      }
      case 'decided':
        this.#decided(task, event)
        return
      case 'validity': {
        const known = task.heights.get(event.height)
        if (known === undefined) return
        const shares = lower(known.shares, event.shares)
        task.heights.set(event.height, { ...known, shares, final: lower(known.final, event.final) })
        return
      }
      case 'anchored':
        task.anchoredBlock = Math.max(task.anchoredBlock, event.block)
        return
      case 'convicted': {
        const { member, offence, percent, block } = event
        const isKnown = task.convictions.some((one) => one.member === member && one.block === block)
        if (!isKnown) task.convictions.push({ member, offence, percent, block })
        return
      }
    }
  }

  #decided(task: Task, event: Extract<FeedEvent, { type: 'decided' }>): void {
    const { node, height, round, value, inputs, atMs } = event
    const seat = task.byNode.get(node)?.seat ?? -1
    const known = task.heights.get(height) ?? {
      ...{ height, round, value, inputs, atMs, shares: null, final: null },
      seats: MARKS.silent.repeat(task.members),
    }
    const mark = known.value === value ? MARKS.same : MARKS.other
    task.heights.set(height, {
      ...known,
      round: Math.min(known.round, round),
      seats: Array.from(known.seats, (old, i) => (i === seat ? mark : old)).join(''),
    })
    task.decided = Math.max(task.decided, height)
    task.heights.delete(task.decided - HEIGHTS_MAX)
  }

  #open(id: string): Task {
    const known = this.#tasks.get(id)
    if (known !== undefined) return known
    const task: Task = {
      ...{ task: id, members: 0, decided: 0, anchoredBlock: 0, convictions: [] },
      ...{
        byNode: new Map<string, LiveMember>(),
        heights: new Map<number, LiveHeight>(),
        lanes: new Lanes(),
      },
    }
    this.#tasks.set(id, task)
    const [oldest] = this.#tasks.keys()
    if (this.#tasks.size > TASKS_MAX && oldest !== undefined) this.#tasks.delete(oldest)
    return task
  }
}

function lower(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b)
}
