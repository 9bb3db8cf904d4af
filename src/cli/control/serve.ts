import { randomBytes } from 'node:crypto'
import { nodeHandlers } from '../../api/node-handlers.ts'
import type { TakesCommands } from '../../api/command-handlers.ts'
import { startApi } from '../../api/server.ts'
import type { MetricsText } from '../../api/metrics-server.ts'
import type { TaskFeed } from '../../api/task-feed.ts'
import type { Locks } from '../../ports/locks.ts'
import type { Stores } from '../../ports/stores.ts'
import type { Transactions } from '../../ports/transactions.ts'
import type { RsdpNode } from '../../node/node.ts'
import type { Address } from '../../types/ids.ts'
import { VERSION } from '../version.ts'
import { removeControl, writeControl } from './file.ts'

export interface ControlledNode {
  readonly dataDir: string
  readonly key: Address
  /** Of the API; 0 takes a free one. */
  readonly port: number
  readonly node: Pick<RsdpNode, 'health' | 'leave' | 'trust' | 'resume' | 'lines' | 'whereabouts'>
  readonly feed: TaskFeed
  readonly commands: TakesCommands
  readonly bundleOf: (reducer: string) => Uint8Array | null
  readonly stores: Stores
  readonly locks: Locks
  readonly transactions: Transactions
  readonly metrics: MetricsText
  /** Asked to end. */
  readonly stop: () => void
}

/** Serves the API until `close`; the file that says where is for the owner of the data directory alone. */
export async function serveControl(
  init: ControlledNode,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { dataDir, key, node, feed, commands, stores, locks, transactions, bundleOf, stop } = init
  const token = randomBytes(32).toString('hex')
  const { pid } = process
  const server = await startApi(
    init.port,
    token,
    nodeHandlers({
      node,
      feed,
      commands,
      stores,
      locks,
      transactions,
      bundleOf,
      version: VERSION,
      pid,
      stop,
    }),
    init.metrics,
  )
  const { port } = server
  writeControl(dataDir, { schema: 2, pid, key, port, token })
  return {
    port,
    close: async () => {
      removeControl(dataDir)
      await server.close()
    },
  }
}
