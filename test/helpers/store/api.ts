import { join } from 'node:path'
import { DiskCopyFolders } from '../../../src/adapters/system/copy-folders.ts'
import { NodeStores } from '../../../src/agents/node-stores.ts'
import { RsdpClient } from '../../../src/api/client.ts'
import { nodeHandlers } from '../../../src/api/node-handlers.ts'
import type { ApiServer } from '../../../src/api/server.ts'
import { startApi } from '../../../src/api/server.ts'
import type { StoreClient } from '../../../src/api/store-client.ts'
import { TaskFeed } from '../../../src/api/task-feed.ts'
import { EMPTY_HEADER } from '../../../src/services/header.ts'
import type { KeptCopy } from '../../../src/ports/stores.ts'
import type { Address } from '../../../src/types/ids.ts'
import { lockAnswer } from '../../../src/types/lock-request.ts'
import type { Consistency } from '../../../src/types/store-request.ts'
import { NO_TRANSACTIONS } from '../no-transactions.ts'
import { StoreCopies } from './copies.ts'
import { NO_COMMANDS, NO_LINES } from '../no-commands.ts'

export const TOKEN = 'a'.repeat(64)
export const TASK = 7n
export const SERVICE = 1
/** A node of the cluster that has no copy. */
export const GATE = 4

/** A store with three copies, and the local API of a node on each seat. Time passes by itself. */
export class StoreApi {
  readonly copies: StoreCopies
  readonly folders: DiskCopyFolders
  useOf: (line: bigint, service: number) => KeptCopy['use'] = () => 'placed'
  #servers: readonly ApiServer[] = []
  #time: Promise<void> = Promise.resolve()
  #isOver = false

  private constructor(copies: StoreCopies) {
    this.copies = copies
    this.folders = new DiskCopyFolders(join(copies.folder, 'services'))
  }

  static async open(consistency: Consistency): Promise<StoreApi> {
    const api = new StoreApi(await new StoreCopies(consistency, 3).startAll())
    await api.#start()
    return api
  }

  port(seat: number): number {
    return this.#servers[seat]?.port ?? 0
  }

  at(seat: number, task = TASK, service = SERVICE, token = TOKEN): StoreClient {
    return new RsdpClient({ port: this.port(seat), token }, 60_000).store(task, service)
  }

  async close(): Promise<void> {
    this.#isOver = true
    await this.#time
    await Promise.all(this.#servers.map((server) => server.close()))
    this.copies.close()
  }

  async #start(): Promise<void> {
    const seats = [...this.copies.keys, `0x${'d4'.repeat(20)}`, `0x${'e5'.repeat(20)}`] as const
    this.#servers = await Promise.all(seats.map((_, self) => this.#serve(seats, self)))
    const pass = async (): Promise<void> => {
      while (!this.#isOver) await this.copies.pass(500)
    }
    this.#time = pass()
  }

  #serve(seats: readonly Address[], self: number): Promise<ApiServer> {
    const { copies } = this
    const header = { ...EMPTY_HEADER, seats: seats.map((key, member) => ({ member, key })) }
    const stores = new NodeStores({
      lineOf: (task) =>
        task !== TASK
          ? null
          : {
              ...{ task: TASK, self, state: { header, replication: copies.groups.state } },
              copyOf: () => copies.copies[self] ?? null,
            },
      connected: () => copies.keys.filter((_, seat) => !copies.isCut(self, seat)),
      folders: this.folders,
      lineName: (task) => task,
      useOf: (line, service) => this.useOf(line, service),
      remote: {
        ask: async (to, { task, service }, body) => {
          const copy = copies.copies[copies.keys.indexOf(to)]
          if (copy === null || copy === undefined || task !== TASK || service !== SERVICE)
            return { outcome: 'unhandled' }
          return { outcome: 'handled', reply: await copy.request(body) }
        },
      },
    })
    const node = {
      health: () => ({ ready: true, tasks: [] }),
      ...{ leave: () => '', trust: () => true, resume: () => true, ...NO_LINES },
    }
    const locks = { ask: () => Promise.resolve(lockAnswer('no-service')) }
    const feed = new TaskFeed(() => Promise.resolve(true))
    const rest = { bundleOf: () => null, version: '', pid: 1, stop: () => undefined }
    const commands = NO_COMMANDS
    const transactions = NO_TRANSACTIONS
    return startApi(0, TOKEN, nodeHandlers({ node, feed, commands, stores, locks, transactions, ...rest }))
  }
}
