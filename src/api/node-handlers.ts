import { fromHex, toHex } from '../codec/hex.ts'
import type { Locks } from '../ports/locks.ts'
import type { Stores } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Hex } from '../types/ids.ts'
import type { TakesCommands } from './command-handlers.ts'
import { commandHandlers } from './command-handlers.ts'
import type { ServedLines } from './served-lines.ts'
import { lineHandlers, membersOf } from './line-handlers.ts'
import { lockHandlers } from './lock-handlers.ts'
import { openApiDocument } from './openapi.ts'
import { Refused } from './refused.ts'
import type { Decided } from './routes.ts'
import type { Asked } from './http.ts'
import type { Handlers } from './server.ts'
import { storeHandlers } from './store-handlers.ts'
import type { TaskFeed } from './task-feed.ts'
import { transactionHandlers } from './transaction-handlers.ts'

/** What the API needs of a node. */
export interface Served extends ServedLines {
  health(): {
    readonly ready: boolean
    readonly tasks: readonly { readonly taskId: string; readonly anchoredHeight: number }[]
  }
  leave(taskId: bigint): string
  trust(taskId: bigint): boolean
  /** Null: it runs no such task. */
  resume(taskId: bigint): boolean | null
}

export interface NodeHandlersInit {
  readonly node: Served
  readonly feed: TaskFeed
  readonly commands: TakesCommands
  /** Bytes of a reducer that is a bundle; null: it is none. */
  readonly bundleOf: (reducer: string) => Uint8Array | null
  readonly stores: Stores
  readonly locks: Locks
  readonly transactions: Transactions
  /** Of this package. */
  readonly version: string
  readonly pid: number
  /** Asked to end. */
  readonly stop: () => void
}

/** What each route does to a node. */
export function nodeHandlers(init: NodeHandlersInit): Handlers {
  const { node, feed, commands, stores, locks, transactions, bundleOf, version, pid, stop } = init
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
    ...commandHandlers({
      commands,
      anchoredHeight: (task) =>
        node.health().tasks.find(({ taskId }) => taskId === String(task))?.anchoredHeight ?? 0,
      membersOf: (line) => membersOf(node, line),
    }),
    ...lineHandlers(node, feed),
    ...storeHandlers(stores),
    ...lockHandlers(locks),
    ...transactionHandlers(transactions),
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
