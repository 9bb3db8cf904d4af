import type { Clock } from '../../ports/clock.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Transactions } from '../../ports/transactions.ts'
import { primaryComponent } from '../../services/health/reach.ts'
import { seatsIn } from '../../services/health/codec.ts'
import { NO_SEAT } from '../../services/placement/codec.ts'
import type { ContextMember } from '../../reducers/reducer.ts'
import { isTxWrite } from '../../services/store/data.ts'
import type { Agreed } from '../../services/services.ts'
import {
  decodeStoreTx,
  decodeStoreTxReply,
  encodeStoreTx,
  encodeStoreTxReply,
} from '../../services/transactions/store-message.ts'
import type { Share, StoreTxBody, StoreTxReply } from '../../services/transactions/store-message.ts'
import type { Address, MemberIndex } from '../../types/ids.ts'
import { TX_LIMITS } from '../../types/transaction.ts'
import type { OpenTx, Outcome, TxAnswer, TxAsk, TxName, TxNotBegun } from '../../types/transaction.ts'
import type { NodeStores } from '../node-stores.ts'
import type { Remote } from '../remote.ts'
import type { AgreedLog } from './agreed-log.ts'
import type { Book, BookRow, Decided } from './book.ts'
import { Coordination } from './coordination.ts'
import type { Beginning } from './coordination.ts'
import { Keeper } from './keeper.ts'
import type { KeptTx } from './keeper.ts'

/** What is decided of a line of tasks. */
export interface TxLine {
  readonly task: bigint
  readonly state: Pick<Agreed, 'header' | 'health' | 'replication'>
  readonly self: MemberIndex
  readonly members: readonly ContextMember[]
}

export interface NodeTransactionsInit {
  /** The key of this node: its transactions are named by it. */
  readonly key: Address
  readonly book: Book
  /** Null: nothing is decided yet, or the node was not drawn for the task. */
  readonly lineOf: (task: bigint) => TxLine | null
  /** What the stores that this node leads know of transactions, whose share they have. */
  readonly rows: () => readonly KeptTx[]
  readonly stores: Pick<NodeStores, 'ask'>
  readonly remote: Pick<Remote, 'ask'>
  readonly log: AgreedLog
  readonly clock: Clock
  /** Unix time, ms. */
  readonly unixMs: () => number
  readonly logger: Logger
}

/** The number of a service that stands for whoever coordinates transactions on a node: no service has it. */
export const COORDINATOR = 0
/** The document's limit of transactions at a time. */
const OPEN_MAX = 1000
/** How long a client waits for a decision before it is told to ask again, ms: less than clients wait. */
const PATIENCE_MS = 7_000
/** How long stores may take to vote, ms: less than they may be told of a transaction. */
const TTL_MS = { min: 100, max: 20_000 } as const
const REQUEST_MAX = 64
/** No height was decided for so long: nobody knows whom this node reaches, ms. */
const STILL_MS = 10_000

/** Transactions over the stores of the tasks that this node was drawn for: those that it coordinates, and those at its stores. */
export class NodeTransactions implements Transactions {
  readonly #init: NodeTransactionsInit
  readonly #open = new Map<number, Coordination>()
  readonly #keeper: Keeper
  #isBroken = false

  constructor(init: NodeTransactionsInit) {
    this.#init = init
    this.#keeper = new Keeper({
      rows: init.rows,
      tell: (task, service, name, body) => this.#tell(task, service, name, body),
      ask: (task, name, body) => this.#askCoordinator(task, name, body),
      ...{ log: init.log, clock: init.clock },
    })
    // what an earlier life has begun
    for (const row of init.book.rows) if (!row.isOver) this.#coordinate(row, null)
  }

  async begin(task: bigint, ask: TxAsk): Promise<TxAnswer> {
    const { book, unixMs } = this.#init
    const known = ask.request === null ? null : book.named(ask.request)
    if (known !== null) return this.#answerOf(known)
    if (!isTxAsk(ask)) return refused('bad-request', 'limits')
    if (this.#isBroken) return refused('busy', 'what this node coordinates cannot be written to its disk')
    if (this.#open.size >= OPEN_MAX) return refused('busy', `${OPEN_MAX} transactions are open here`)
    const number = book.next(unixMs())
    const planned = this.#plan(task, ask)
    if ('code' in planned) return planned
    const { beginning, log, services } = planned
    if (isTooLong({ coordinator: this.#init.key, number }, beginning))
      return refused('bad-request', `one store is told at most ${TX_LIMITS.bytes} bytes`)
    const row = { number, task, protocol: ask.protocol, log, services, request: ask.request }
    const begun = this.#coordinate({ ...row, decided: null, isOver: false }, beginning)
    return begun === null ? this.begin(task, ask) : this.#answerOf(begun)
  }

  outcome(_task: bigint, name: TxName): Promise<TxAnswer> {
    const row = name.coordinator === this.#init.key ? this.#init.book.row(name.number) : null
    return row === null ? Promise.resolve({ code: 'unknown', name }) : this.#answerOf(row, 0)
  }

  open(): readonly OpenTx[] {
    const own = [...this.#open.values()].map(({ row, phase }): OpenTx => {
      const { number, protocol, services } = row
      return { name: this.#nameOf(number), protocol, service: COORDINATOR, services, phase }
    })
    const inDoubt = this.#init.rows().flatMap(({ name, share, state }): OpenTx[] => {
      const { protocol, services, self } = share
      if (state.final !== null) return []
      const phase = state.accepted === null ? 'prepared' : `pre-${state.accepted.outcome}`
      return [{ name, protocol, service: services[self - 1] ?? 0, services, phase }]
    })
    return [...own, ...inDoubt]
  }

  /** A word to who coordinates here; null: it was not meant for this node. */
  heard(bytes: Uint8Array): Uint8Array | null {
    const message = decodeStoreTx(bytes)
    if (message === null || message.name.coordinator !== this.#init.key) return null
    const { body, name } = message
    if (body.kind !== 'ask' && body.kind !== 'outcome') return null
    const open = this.#open.get(name.number)
    const outcome = open === undefined ? this.#knownOf(name) : open.heard(body)
    return encodeStoreTxReply({ body: outcome === null ? null : { kind: 'outcome', outcome }, why: null })
  }

  /** A store that this node leads was told of a transaction, or this node leads another one now. */
  touched(): void {
    this.#keeper.look()
  }

  stop(): void {
    this.#keeper.stop()
    for (const one of this.#open.values()) one.stop()
    this.#init.book.close()
  }

  /** Nothing on record: it was never decided here, or all are done. */
  #knownOf({ number }: TxName): Outcome | null {
    const row = this.#init.book.row(number)
    return row === null ? 'abort' : (row.decided?.outcome ?? null)
  }

  /** Null: the disk does not take it, and nothing is begun any more. */
  #coordinate(row: BookRow, beginning: Beginning | null): BookRow | null {
    const { book, clock, unixMs, log, logger } = this.#init
    const name = this.#nameOf(row.number)
    const onFailure = (error: unknown): void => {
      this.#isBroken = true
      logger.error('transaction.failed', { transaction: String(row.number), error: String(error) })
    }
    const one = new Coordination({
      ...{ name, row, beginning, clock, unixMs, log, onFailure },
      write: (next) => {
        book.write(next)
        if (next.isOver) this.#open.delete(next.number)
      },
      tell: (service, body) => this.#tell(row.task, service, name, body),
    })
    this.#open.set(row.number, one)
    try {
      one.start()
      return row
    } catch (error) {
      this.#open.delete(row.number)
      onFailure(error)
      return null
    }
  }

  async #answerOf({ number }: BookRow, patienceMs = PATIENCE_MS): Promise<TxAnswer> {
    const name = this.#nameOf(number)
    const { book, clock } = this.#init
    const answer = (known: Decided): TxAnswer => ({ code: 'decided', name, ...known })
    const decided = book.row(number)?.decided ?? null
    if (decided !== null) return answer(decided)
    const open = this.#open.get(number)
    if (open === undefined) return { code: 'unknown', name }
    if (patienceMs === 0) return { code: 'pending', name }
    return new Promise((resolve) => {
      const stop = clock.after(patienceMs, () => resolve({ code: 'pending', name }))
      void open.decided.then((known) => {
        stop()
        resolve(answer(known))
      })
    })
  }

  /** Who takes part, and who may speak for them. */
  #plan(
    task: bigint,
    { protocol, parts, ttlMs }: TxAsk,
  ): { readonly beginning: Beginning; readonly log: bigint; readonly services: number[] } | TxAnswer {
    const line = this.#init.lineOf(task)
    if (line === null) return refused('no-store', 'this node was not drawn for such a task of services')
    const services = parts.map(({ service }) => service).sort((a, b) => a - b)
    const groups: (readonly Address[])[] = []
    for (const service of services) {
      const keys = speakersOf(line, service)
      if (typeof keys === 'string')
        return refused(keys === NO_PRIMARY ? 'no-quorum' : 'no-store', `${keys}: ${service}`)
      groups.push(keys)
    }
    if (protocol === '3pc' && !hasQuorum(line, this.#init.unixMs()))
      return refused('no-quorum', 'less than a quorum of the members reach each other and this node')
    const heard = protocol === 'agreed' ? this.#init.log.find(groups) : { log: 0n, parties: [] }
    if (heard === null) return refused('no-log', 'no task of transactions@1 has all that lead the stores')
    const shares = new Map(
      parts.map(({ service, writes }): [number, Share] => [
        service,
        { protocol, services, self: services.indexOf(service) + 1, log: heard.log, writes },
      ]),
    )
    return { beginning: { shares, parties: heard.parties, ttlMs }, log: heard.log, services }
  }

  async #tell(task: bigint, service: number, name: TxName, body: StoreTxBody): Promise<StoreTxReply | null> {
    const answer = await this.#init.stores.ask(task, service, {
      kind: 'tx',
      message: encodeStoreTx({ name, body }),
    })
    const [value] = answer.code === 'ok' ? answer.values : []
    this.#keeper.look()
    return value === undefined ? null : decodeStoreTxReply(value)
  }

  async #askCoordinator(
    task: bigint,
    name: TxName,
    body: Extract<StoreTxBody, { kind: 'ask' | 'outcome' }>,
  ): Promise<Outcome | null> {
    const { key, remote } = this.#init
    const bytes = encodeStoreTx({ name, body })
    const said =
      name.coordinator === key
        ? this.heard(bytes)
        : await remote
            .ask(name.coordinator, { task, service: COORDINATOR }, bytes)
            .then((reply) => (reply.outcome === 'handled' ? reply.reply : null))
    const reply = said === null ? null : decodeStoreTxReply(said)
    return reply?.body?.kind === 'outcome' ? reply.body.outcome : null
  }

  #nameOf(number: number): TxName {
    return { coordinator: this.#init.key, number }
  }
}

const NO_PRIMARY = 'nobody leads the store'

/** Members of the group of a strong store, the one that leads first; or why there are none. */
function speakersOf({ state }: TxLine, service: number): readonly Address[] | string {
  const group = state.replication.groups.find((row) => row.service === service)
  if (group === undefined) return 'no store of this task'
  if (group.consistency !== 'strong') return 'only strong stores take part in transactions'
  const { seats } = state.header
  const primary = seats[group.primary]?.key
  if (group.primary === NO_SEAT || primary === undefined) return NO_PRIMARY
  const members = seatsIn(group.members, seats.length).flatMap((seat) => seats[seat]?.key ?? [])
  return [primary, ...members.filter((key) => key !== primary)]
}

/** Whether this node is among more than two thirds that reach each other, as was decided last. */
function hasQuorum({ state, members, self }: TxLine, unixMs: number): boolean {
  if (unixMs - state.header.agreedMs > STILL_MS) return false
  return primaryComponent(state.health.rows, members)?.includes(self) === true
}

function isTxAsk({ parts, ttlMs, request }: TxAsk): boolean {
  const services = new Set(parts.map(({ service }) => service))
  const isOnce = services.size === parts.length && parts.length >= 1 && parts.length <= TX_LIMITS.stores
  const isTimed = Number.isInteger(ttlMs) && ttlMs >= TTL_MS.min && ttlMs <= TTL_MS.max
  const isNamed = request === null || (request.length >= 1 && request.length <= REQUEST_MAX)
  return isOnce && isTimed && isNamed && parts.every(isPart)
}

function isPart({ service, writes }: TxAsk['parts'][number]): boolean {
  const isCounted = writes.length >= 1 && writes.length <= TX_LIMITS.writes
  const isOnce = new Set(writes.map(({ key }) => key)).size === writes.length
  return (
    Number.isInteger(service) &&
    service >= 1 &&
    service <= 0xffff &&
    isCounted &&
    isOnce &&
    writes.every(isTxWrite)
  )
}

function isTooLong(name: TxName, { shares }: Beginning): boolean {
  return [...shares.values()].some(
    (share) => encodeStoreTx({ name, body: { kind: 'prepare', share } }).length > TX_LIMITS.bytes,
  )
}

function refused(refusal: TxNotBegun, why: string): TxAnswer {
  return { code: 'refused', refusal, why }
}
