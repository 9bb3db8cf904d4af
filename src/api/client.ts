import type { Address } from '../types/ids.ts'
import { call, events } from './call.ts'
import type { ApiPlace, Call } from './call.ts'
import type { z } from 'zod'
import { lineEventId } from './line-events.ts'
import type { AnswerOf, Decided, Operation, ROUTES } from './routes.ts'
import { StoreClient } from './store-client.ts'

/** What a client says to begin a transaction. */
export type TransactionBody = z.input<(typeof ROUTES)['transactionBegin']['body']>

/** A node's local API, typed by its table of routes. Every method rejects with an ApiError, or a TypeError of fetch. */
export class RsdpClient {
  readonly #place: ApiPlace
  readonly #timeoutMs: number

  constructor(place: ApiPlace, timeoutMs = 10_000) {
    this.#place = place
    this.#timeoutMs = timeoutMs
  }

  status(): Promise<AnswerOf<'status'>> {
    return this.#ask('status')
  }

  tasks(): Promise<AnswerOf<'tasks'>> {
    return this.#ask('tasks')
  }

  state(task: bigint): Promise<AnswerOf<'state'>> {
    return this.#ask('state', { task })
  }

  /** Up to 1,000 decided heights from `from` on. */
  heights(task: bigint, from = 1, limit = 100): Promise<AnswerOf<'heights'>> {
    return this.#ask('heights', { task, query: { from, limit } })
  }

  /** The inputs and the state of a decided height: what an audit needs of it. */
  bodies(task: bigint, height: number): Promise<AnswerOf<'bodies'>> {
    return this.#ask('bodies', { task, query: { height } })
  }

  /** The bundle that is the reducer of a task; 404 no-bundle for one of this package. */
  bundle(task: bigint): Promise<AnswerOf<'bundle'>> {
    return this.#ask('bundle', { task })
  }

  /** @param state canonical bytes, 0x and hex */
  setInput(task: bigint, state: string): Promise<AnswerOf<'setInput'>> {
    return this.#ask('setInput', { task, body: { state } })
  }

  /**
   * What the machine of a task said to a command, once a height holds it.
   *
   * @param command its bytes, 0x and hex
   * @param request given again, the same command is meant
   */
  command(task: bigint, command: string, request?: string): Promise<AnswerOf<'command'>> {
    return this.#ask('command', { task, body: { command, ...(request === undefined ? {} : { request }) } })
  }

  /** What became of a command that this node was asked for under a name. */
  outcome(task: bigint, request: string): Promise<AnswerOf<'outcome'>> {
    return this.#ask('outcome', { task, query: { request } })
  }

  /** Lines of tasks that the node was drawn for. */
  lines(): Promise<AnswerOf<'lines'>> {
    return this.#ask('lines')
  }

  /** The state that a line decided last. */
  lineState(line: Address): Promise<AnswerOf<'lineState'>> {
    return this.#ask('lineState', { line })
  }

  /** What a line decides, over the seams of its tasks, until the node ends or `signal` aborts. @param after the last that was read */
  lineEvents(
    line: Address,
    after: { readonly task: bigint; readonly height: number } | null = null,
    signal?: AbortSignal,
  ): AsyncGenerator<AnswerOf<'lineEvents'>> {
    const id = after === null ? null : lineEventId(after.task, after.height)
    return events(this.#place, 'lineEvents', id, { line, ...(signal === undefined ? {} : { signal }) })
  }

  /** As `command`, whichever task of the line decides then. */
  lineCommand(line: Address, command: string, request?: string): Promise<AnswerOf<'lineCommand'>> {
    return this.#ask('lineCommand', {
      line,
      body: { command, ...(request === undefined ? {} : { request }) },
    })
  }

  /** As `outcome`, whichever task of the line holds the command. */
  lineOutcome(line: Address, request: string): Promise<AnswerOf<'lineOutcome'>> {
    return this.#ask('lineOutcome', { line, query: { request } })
  }

  leave(task: bigint): Promise<AnswerOf<'leave'>> {
    return this.#ask('leave', { task })
  }

  trust(task: bigint): Promise<AnswerOf<'trust'>> {
    return this.#ask('trust', { task })
  }

  resume(task: bigint): Promise<AnswerOf<'resume'>> {
    return this.#ask('resume', { task })
  }

  stop(): Promise<AnswerOf<'stop'>> {
    return this.#ask('stop')
  }

  /** What copies of stores have on the disk of the node. */
  storesKept(): Promise<AnswerOf<'storesKept'>> {
    return this.#ask('storesKept')
  }

  /** Locks a key for a transaction of its client's; rejects with 504 waiting while another one has it. @returns fencing token */
  async acquire(
    task: bigint,
    service: number,
    key: string,
    body: {
      readonly tx: number
      readonly mode?: 'read' | 'write'
      readonly work?: number
      readonly priority?: number
    },
  ): Promise<bigint> {
    return BigInt((await this.#ask('lockAcquire', { task, service, key, body })).token)
  }

  /** Releases all that a transaction has locked at a service. */
  release(task: bigint, service: number, tx: number): Promise<AnswerOf<'lockRelease'>> {
    return this.#ask('lockRelease', { task, service, body: { tx } })
  }

  /** Changes several strong stores or none; rejects with 409 aborted, or 504 undecided. */
  transact(task: bigint, body: TransactionBody): Promise<AnswerOf<'transactionBegin'>> {
    return this.#ask('transactionBegin', { task, body })
  }

  /** What became of a transaction, at the node that coordinates it. */
  transaction(task: bigint, name: string): Promise<AnswerOf<'transactionOutcome'>> {
    return this.#ask('transactionOutcome', { task, key: name })
  }

  /** Transactions that are not over, as far as this node has to do with them. */
  transactionsOpen(): Promise<AnswerOf<'transactionsOpen'>> {
    return this.#ask('transactionsOpen')
  }

  /** A store of a task. */
  store(task: bigint, service: number): StoreClient {
    return new StoreClient(this.#place, task, service, this.#timeoutMs)
  }

  /** Each height after `after` once, in order, until the node ends or `signal` aborts. */
  events(task: bigint, after = 0, signal?: AbortSignal): AsyncGenerator<Decided> {
    return events(this.#place, 'events', after, { task, ...(signal === undefined ? {} : { signal }) })
  }

  #ask<K extends Operation>(operation: K, what: Call = {}): Promise<AnswerOf<K>> {
    return call(this.#place, operation, { ...what, signal: AbortSignal.timeout(this.#timeoutMs) })
  }
}
