import { fromHex } from '../codec/hex.ts'
import type { Hex } from '../types/ids.ts'
import { openApiDocument } from './openapi.ts'
import type { Asked, Handlers } from './server.ts'
import type { TaskFeed } from './task-feed.ts'

/** What the API needs of a node. */
export interface Served {
  health(): { readonly ready: boolean }
  leave(taskId: bigint): string
  trust(taskId: bigint): boolean
}

export interface NodeHandlersInit {
  readonly node: Served
  readonly feed: TaskFeed
  /** Of this package. */
  readonly version: string
  readonly pid: number
  /** Asked to end. */
  readonly stop: () => void
}

/** What each route does to a node. */
export function nodeHandlers({ node, feed, version, pid, stop }: NodeHandlersInit): Handlers {
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
    events: ({ task }) => {
      // an unknown task is refused before the stream begins
      feed.heights(task, 1, 1)
      return (from, push) => feed.subscribe(task, from, push)
    },
    setInput: async ({ task, body }: Asked) => {
      await feed.setInput(task, fromHex((body as { readonly state: Hex }).state))
      return { ok: true }
    },
    leave: ({ task }) => ({ answer: node.leave(task) }),
    trust: ({ task }) => ({ answer: node.trust(task) ? 'trusted' : 'not-a-member' }),
    stop: () => {
      stop()
      return { pid }
    },
  }
}
