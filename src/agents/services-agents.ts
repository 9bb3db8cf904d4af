import type { SourceRequest } from '../node/node-init.ts'
import type { Clock } from '../ports/clock.ts'
import type { CopyFolders } from '../ports/copy-folders.ts'
import type { Logger } from '../ports/logger.ts'
import type { Sampler } from '../ports/sampler.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { Locks } from '../ports/locks.ts'
import type { RecordJournal } from '../ports/record-journal.ts'
import type { KeptCopy, Stores } from '../ports/stores.ts'
import type { Transactions } from '../ports/transactions.ts'
import type { Agreed } from '../services/services.ts'
import { services } from '../services/services.ts'
import { invariant } from '../types/errors.ts'
import { Permits } from '../services/gateway/permits.ts'
import type { Address, MemberIndex } from '../types/ids.ts'
import { assignmentsOf } from './assignments.ts'
import type { Channel } from './channel.ts'
import { NodeGateway } from './gateway.ts'
import type { NodeGatewayInit } from './gateway.ts'
import type { ServiceKind } from './kind.ts'
import { NodeLocks } from './node-locks.ts'
import { NodeStores, replyOf } from './node-stores.ts'
import type { LineView } from './node-stores.ts'
import type { PeerWatch } from './peer-watch.ts'
import { Remote } from './remote.ts'
import type { ServiceName } from './remote.ts'
import { ServicesSource } from './services-source.ts'
import type { HostFacts } from './services-source.ts'
import { Supervisor } from './supervisor.ts'
import { AgreedLog } from './transactions/agreed-log.ts'
import type { CommandLogs } from './transactions/agreed-log.ts'
import { Book } from './transactions/book.ts'
import { mayTell } from './transactions/foreign.ts'
import type { KeptTx } from './transactions/keeper.ts'
import { COORDINATOR, NodeTransactions } from './transactions/node-transactions.ts'
import type { TxLine } from './transactions/node-transactions.ts'

export interface ServicesAgentsInit {
  readonly host: HostFacts
  /** How often this node has started. */
  readonly incarnation: number
  readonly sampler: Sampler
  readonly clock: Clock
  /** Unix time, ms. */
  readonly clockMs: () => number
  readonly logger: Logger
  readonly kinds: readonly ServiceKind[]
  readonly folders: CopyFolders
  /** Where what this node coordinates is kept. @throws RsdpError E_RECORDS */
  readonly book: () => RecordJournal
  readonly logs: CommandLogs
}

/** What a node has towards other members. */
export interface Links {
  readonly channel: Channel
  readonly watch: PeerWatch
}

/** A line of tasks whose services this node hosts: its copies outlive the task that placed them. */
interface Line {
  readonly supervisor: Supervisor
  /** Its tasks that are not over. */
  readonly open: Set<bigint>
  /** The newest task that has decided anything: the placement of older ones is over. */
  newest: bigint
  decided: (Pick<TxLine, 'self' | 'members'> & { readonly state: Agreed }) | null
}

const HEAD_BYTES = 10

/** What a node does for the tasks of `services@1`: an application of it. */
export class ServicesAgents {
  readonly reducers = [services.id]
  readonly #init: ServicesAgentsInit
  readonly #lineOf = new Map<bigint, bigint>()
  readonly #lines = new Map<bigint, Line>()
  /** What the ledger of each task permits to clients from outside. */
  readonly #permits = new Map<bigint, Permits>()
  #links: Links | null = null
  #remote: Remote | null = null
  #transactions: NodeTransactions | null = null
  readonly #asking: Pick<Remote, 'ask'> = {
    ask: (to, name, body) => this.#remote?.ask(to, name, body) ?? Promise.resolve({ outcome: 'unhandled' }),
  }

  constructor(init: ServicesAgentsInit) {
    this.#init = init
  }

  /** Once, before any task is opened. */
  connect(links: Links): void {
    this.#links = links
    links.channel.onTopic('service', (from, bytes) => this.#receive(from, bytes))
    this.#remote = new Remote({
      ...{ channel: links.channel, clock: this.#init.clock },
      handle: (from, name, body) => this.#handle(from, name, body),
    })
    const { book, logs, clock, clockMs, logger } = this.#init
    this.#transactions = new NodeTransactions({
      ...{ key: links.channel.key, book: new Book(book()), log: new AgreedLog(logs), clock, logger },
      ...{ unixMs: clockMs, remote: this.#asking, stores: this.stores() },
      lineOf: (task) => this.#view(task),
      rows: () => this.#keptTransactions(),
    })
  }

  open({ taskId, cluster, self, params, decided }: SourceRequest): StateSource {
    invariant(this.#links !== null, 'a task is opened before the node is connected')
    const { watch } = this.#links
    const line = this.#line(taskId, params.predecessor)
    const permits = new Permits()
    this.#permits.set(taskId, permits)
    return new ServicesSource({
      ...this.#init,
      ...{ watch, self, heights: params.heights, supervisor: line.supervisor },
      seats: cluster.members.map(({ key }) => key),
      isOver: decided.at(-1)?.height === params.heights,
      onPosted: (event) => permits.take(event),
      onDecided: (state) => {
        if (taskId < line.newest) return
        line.newest = taskId
        line.decided = { state, self, members: cluster.members }
        line.supervisor.want(assignmentsOf(state, self))
        this.#transactions?.touched()
      },
      onOver: () => this.#release(taskId),
    })
  }

  #view(task: bigint): (LineView & TxLine & { readonly state: Agreed }) | null {
    const line = this.#lines.get(this.#lineOf.get(task) ?? this.#init.folders.lineOf(task) ?? task)
    if (line === undefined || line.decided === null) return null
    const { supervisor, decided, newest } = line
    return { task: newest, ...decided, copyOf: (service) => supervisor.copy(service) }
  }

  /** The stores of the tasks of this node. */
  stores(): Stores {
    return new NodeStores({
      lineOf: (task) => this.#view(task),
      connected: () => this.#links?.channel.connected() ?? [],
      folders: this.#init.folders,
      lineName: (task) => this.#lineOf.get(task) ?? task,
      useOf: (line, service) => this.#useOf(line, service),
      remote: this.#asking,
    })
  }

  /** Lets clients from outside ask those services whose gateway is placed here. */
  gateway(init: Pick<NodeGatewayInit, 'key' | 'deploymentId' | 'recover'>): NodeGateway {
    const { clock, clockMs } = this.#init
    return new NodeGateway({
      ...{ ...init, clock, unixMs: clockMs, stores: this.stores() },
      permitOf: (task, service, key) => {
        const newest = this.#view(task)?.task
        return newest === undefined ? null : (this.#permits.get(newest)?.of(service, key) ?? null)
      },
      isPlaced: (task, service) => {
        const view = this.#view(task)
        return view !== null && isGateway(view.state.placement, service, view.self)
      },
    })
  }

  /** The locks of the tasks of this node. */
  locks(): Locks {
    return new NodeLocks({ lineOf: (task) => this.#view(task), remote: this.#asking })
  }

  /** Transactions over them. */
  transactions(): Transactions {
    invariant(this.#transactions !== null, 'asked for before the node is connected')
    return this.#transactions
  }

  async stop(): Promise<void> {
    this.#remote?.stop()
    this.#transactions?.stop()
    await Promise.all([...this.#lines.values()].map(({ supervisor }) => supervisor.stop()))
  }

  #useOf(name: bigint, service: number): KeptCopy['use'] {
    const line = this.#lines.get(name)
    if (line === undefined || line.decided === null) return 'unknown'
    const { state, self } = line.decided
    const { placement, replication } = state
    const group = replication.groups.find((row) => row.service === service)
    const isMember = group !== undefined && ((group.members >> BigInt(self)) & 1n) === 1n
    const isPlaced = placement.instances.some((row) => row.service === service && row.member === self)
    return isMember || isPlaced || line.supervisor.has(service) ? 'placed' : 'left'
  }

  #line(taskId: bigint, predecessor: bigint): Line {
    const name = this.#nameOf(taskId, predecessor)
    this.#lineOf.set(taskId, name)
    let line = this.#lines.get(name)
    if (line === undefined) {
      const { kinds, folders, clock, logger } = this.#init
      const supervisor = new Supervisor({
        ...{ kinds, clock, logger },
        folderOf: (service) => folders.of(name, service),
        send: (service, to, bytes) => this.#send(this.#lines.get(name)?.newest ?? taskId, service, to, bytes),
      })
      line = { supervisor, open: new Set(), newest: 0n, decided: null }
      this.#lines.set(name, line)
    }
    line.open.add(taskId)
    return line
  }

  /** A task is over. A line of which nothing runs here goes with its last task; copies wait for the line's next one. */
  #release(taskId: bigint): void {
    this.#permits.delete(taskId)
    const name = this.#lineOf.get(taskId)
    const line = name === undefined ? undefined : this.#lines.get(name)
    if (name === undefined || line === undefined) return
    line.open.delete(taskId)
    if (line.open.size > 0 || !line.supervisor.isIdle) return
    void line.supervisor.stop()
    this.#lines.delete(name)
    for (const [task, of] of this.#lineOf) if (of === name) this.#lineOf.delete(task)
  }

  /** Lines have names of this node's own; what a restart has to find again is noted. */
  #nameOf(taskId: bigint, predecessor: bigint): bigint {
    if (predecessor === 0n) return taskId
    const { folders } = this.#init
    const noted = folders.lineOf(taskId) ?? this.#lineOf.get(predecessor) ?? folders.lineOf(predecessor)
    const name = noted ?? predecessor
    folders.noteLine(taskId, name)
    return name
  }

  /** `u64 task ‖ u16 service ‖ bytes`: the newest task of the line, which whoever is drawn for it knows. */
  #send(task: bigint, service: number, to: Address, bytes: Uint8Array): void {
    const frame = new Uint8Array(HEAD_BYTES + bytes.length)
    const view = new DataView(frame.buffer)
    view.setBigUint64(0, task)
    view.setUint16(8, service)
    frame.set(bytes, HEAD_BYTES)
    this.#links?.channel.sendTopic('service', to, frame)
  }

  #receive(from: Address, frame: Uint8Array): void {
    if (frame.length < HEAD_BYTES) return
    const view = new DataView(frame.buffer, frame.byteOffset, HEAD_BYTES)
    const line = this.#lineWith(view.getBigUint64(0))
    if (line !== undefined && isMember(line, from))
      line.supervisor.receive(view.getUint16(8), from, frame.slice(HEAD_BYTES))
  }

  #lineWith(task: bigint): Line | undefined {
    return this.#lines.get(this.#lineOf.get(task) ?? task)
  }

  #handle(from: Address, { task, service }: ServiceName, body: Uint8Array): Promise<Uint8Array | null> {
    const line = this.#lineWith(task)
    if (line !== undefined && service === COORDINATOR && isMember(line, from))
      return Promise.resolve(this.#transactions?.heard(body) ?? null)
    const copy = line !== undefined && isMember(line, from) ? line.supervisor.copy(service) : null
    if (copy === null || !mayTell(copy, body)) return Promise.resolve(null)
    return replyOf(copy, body).finally(() => this.#transactions?.touched())
  }

  #keptTransactions(): KeptTx[] {
    return [...this.#lines.values()].flatMap(({ supervisor, newest }) =>
      supervisor.transactions().flatMap(({ name, share, state }): KeptTx[] => {
        return share === null ? [] : [{ name, share, state, task: newest }]
      }),
    )
  }
}

function isMember({ decided }: Line, key: Address): boolean {
  return decided?.state.header.seats.some((seat) => seat.key === key) === true
}

/** Whether a copy of a gateway that calls the service is placed on a member. */
function isGateway(
  { services: specs, instances }: Agreed['placement'],
  service: number,
  self: MemberIndex,
): boolean {
  const gateways = specs.filter(({ kind, calls }) => kind === 'gateway' && calls.includes(service))
  return gateways.some((spec) =>
    instances.some((row) => row.service === spec.service && row.member === self && row.phase !== 'failed'),
  )
}
