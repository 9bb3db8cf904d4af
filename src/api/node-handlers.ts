import { fromHex, toHex } from '../codec/hex.ts'
import type { Locks } from '../ports/locks.ts'
import type { Stores } from '../ports/stores.ts'
import type { Hex } from '../types/ids.ts'
import { lockHandlers } from './lock-handlers.ts'
import { openApiDocument } from './openapi.ts'
import { Refused } from './refused.ts'
import type { Decided } from './routes.ts'
import type { Asked, Handlers } from './server.ts'
import { storeHandlers } from './store-handlers.ts'
import type { TaskFeed } from './task-feed.ts'

/** What the API needs of a node. */
export interface Served {
  health(): {
    readonly ready: boolean
    readonly tasks: readonly { readonly taskId: string; readonly anchoredHeight: number }[]
  }
  leave(taskId: bigint): string
  trust(taskId: bigint): boolean
  /** Null: it runs no such task. */
  resume(taskId: bigint): boolean | null
}

/** Takes commands for the machines of tasks; null: no such task takes any. */
export interface TakesCommands {
  propose(
    taskId: bigint,
    command: Uint8Array,
    request: string | null,
  ): Promise<
    { readonly height: number; readonly result: Uint8Array } | { readonly refused: keyof typeof REFUSALS }
  > | null
  outcome(
    taskId: bigint,
    request: string,
  ): { readonly height: number; readonly result: Uint8Array } | 'waiting' | null
}

export interface NodeHandlersInit {
  readonly node: Served
  readonly feed: TaskFeed
  readonly commands: TakesCommands
  /** Bytes of a reducer that is a bundle; null: it is none. */
  readonly bundleOf: (reducer: string) => Uint8Array | null
  readonly stores: Stores
  readonly locks: Locks
  /** Of this package. */
  readonly version: string
  readonly pid: number
  /** Asked to end. */
  readonly stop: () => void
}

/** Why a command is not applied, and the status that says so. */
const REFUSALS = { 'not-a-command': 422, busy: 503, 'session-over': 409, over: 409 } as const
/** How long an answer is waited for: longer than a height takes, shorter than clients wait. */
const COMMAND_MS = 8_000

async function within<T>(outcome: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new Refused(504, 'undecided', 'no height holds it yet; it goes on being proposed')),
    COMMAND_MS,
  )
  try {
    return await Promise.race([outcome, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** What each route does to a node. */
export function nodeHandlers(init: NodeHandlersInit): Handlers {
  const { node, feed, commands, stores, locks, bundleOf, version, pid, stop } = init
  const document = openApiDocument(version)
  return {
    health: () => ({ ok: true }),
    ready: () => ({ ready: node.health().ready }),
    status: () => ({ ...node.health() }),
    openapi: () => document,
    tasks: () => feed.list(),
    state: ({ task }) => feed.state(task),
    heights: ({ task, query }) => {
      const { from, limit } = query as { readonly from: number; readonly limit: number }
      return { heights: [...feed.heights(task, from, limit)] }
    },
    bodies: ({ task, query }) => feed.bodies(task, (query as { readonly height: number }).height),
    bundle: ({ task }) => {
      const bytes = bundleOf(feed.reducer(task))
      if (bytes === null) throw new Refused(404, 'no-bundle', 'its reducer is one of this package')
      return { bundle: toHex(bytes) }
    },
    events: ({ task }) => {
      // an unknown task is refused before the stream begins
      feed.reducer(task)
      return (after, push, end) => {
        const tell = (decided: Decided): void => push({ id: decided.height, event: 'decided', data: decided })
        return feed.subscribe(task, (after ?? 0) + 1, tell, end)
      }
    },
    setInput: async ({ task, body }: Asked) => {
      await feed.setInput(task, fromHex((body as { readonly state: Hex }).state))
      return { ok: true }
    },
    command: async ({ task, body }: Asked) => {
      const { command, request = null } = body as { readonly command: Hex; readonly request?: string }
      const proposed = commands.propose(task, fromHex(command), request)
      if (proposed === null)
        throw new Refused(404, 'no-machine', 'no task of this number takes commands here')
      const outcome = await within(proposed)
      if ('refused' in outcome) throw new Refused(REFUSALS[outcome.refused], outcome.refused)
      return { height: outcome.height, result: toHex(outcome.result) }
    },
    outcome: ({ task, query }) => {
      const known = commands.outcome(task, (query as { readonly request: string }).request)
      if (known === null) throw new Refused(404, 'no-request', 'no command of this name is kept here')
      if (known === 'waiting') return { outcome: 'waiting' }
      const { tasks } = node.health()
      const anchored = tasks.find(({ taskId }) => taskId === String(task))?.anchoredHeight ?? 0
      const outcome = known.height <= anchored ? 'anchored' : 'decided'
      return { outcome, height: known.height, result: toHex(known.result) }
    },
    ...storeHandlers(stores),
    ...lockHandlers(locks),
    leave: ({ task }) => ({ answer: node.leave(task) }),
    trust: ({ task }) => ({ answer: node.trust(task) ? 'trusted' : 'not-a-member' }),
    resume: ({ task }) => {
      const resumed = node.resume(task)
      return { answer: resumed === null ? 'not-a-member' : resumed ? 'resumed' : 'not-frozen' }
    },
    stop: () => {
      stop()
      return { pid }
    },
  }
}
