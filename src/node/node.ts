import { decodeFrame } from '../codec/frames.ts'
import type { ChainEvent, EventPage } from '../ports/chain.ts'
import type { Peer } from '../ports/transport.ts'
import { findReducerByHash } from '../reducers/catalog.ts'
import type { Address, Digest } from '../types/ids.ts'
import { taskRefusal } from './acceptable.ts'
import { AddressBook } from './address-book.ts'
import type { LeaveAnswer } from './membership.ts'
import { LineBook } from './line-book.ts'
import type { LineTask } from './line-book.ts'
import { Malformed } from './malformed.ts'
import { memoryOf } from './memory.ts'
import type { NodeHealth } from './node-health.ts'
import type { NodeInit } from './node-init.ts'
import { openSource } from './open-source.ts'
import { Outbox } from './outbox.ts'
import { requireOwnJoin } from './own-join.ts'
import { inTurn, isPassing } from './passing.ts'
import { Predecessors } from './predecessors.ts'
import { RunningTask } from './running-task.ts'
import type { TaskEvent } from './running-task.ts'
import { SignUp } from './sign-up.ts'
import { TaskBook } from './task-book.ts'
import { WaitingTasks } from './waiting-tasks.ts'
import type { DrawnTask } from './waiting-tasks.ts'

/** Blocks of events read at a time. */
const PAGE_BLOCKS = 2_000

/**
 * A staked node: follows the chain, signs up for tasks, and runs one engine per task it was drawn for. Everything
 * happens on one event loop; whatever it signs is durable first. (Above 400 lines: what the chain tells and what the API asks
 * meet here, over the same tables of tasks; each part that has a state of its own has a file of its own.)
 */
export class RsdpNode {
  readonly #init: NodeInit
  readonly #addresses = new AddressBook()
  readonly #outbox: Outbox
  readonly #signUp: SignUp
  readonly #book = new TaskBook()
  readonly #waiting = new WaitingTasks()
  readonly #predecessors: Predecessors
  readonly #lines: LineBook
  readonly #byCluster = new Map<Digest, RunningTask>()
  readonly #byTask = new Map<bigint, RunningTask>()
  #stopPolling: (() => void) | null = null
  #polling: Promise<void> | null = null
  #isLookDue = false
  #head = 0
  #cursor: { block: number; hash: Digest | null } = { block: 0, hash: null }
  /** Where a restart would go on: behind the cursor by pages that told nothing. */
  #kept = 0
  /** A page after the cursor, and how many of its events are taken: what fails on the way goes on there. */
  #page: { readonly page: EventPage; taken: number } | null = null
  /** Time of the block up to which events are read; 0 until the first is. */
  #time = 0
  #connected = 0
  /** Null before the first look at the chain has ended. */
  #reachable: boolean | null = null
  /** Code of what keeps the chain from being reached, in brackets; empty before it was tried. */
  #unreached = ''
  /** What was said last of why the node is not ready; null before anything was. */
  #told: string | null = null
  #failed = false
  #stopping: Promise<void> | null = null
  readonly #malformed: Malformed

  constructor(init: NodeInit) {
    this.#init = init
    this.#malformed = new Malformed(init.logger)
    this.#outbox = new Outbox(init.store, init.chain)
    this.#predecessors = new Predecessors(init)
    this.#lines = new LineBook({
      ...{ key: init.keyring.address, chain: init.chain, onElsewhere: init.onDrawnElsewhere },
    })
    this.#signUp = new SignUp({ ...init, key: init.keyring.address, outbox: this.#outbox })
  }

  /** Listens, reads the chain from the deployment's first block, and starts what it was drawn for. */
  async start(): Promise<void> {
    const { transport, clock } = this.#init
    transport.onMessage((from, bytes) => {
      const frame = decodeFrame(bytes)
      if (frame === null) return this.#malformed.count(from)
      this.#byCluster.get(frame.cluster)?.frame(from, frame)
    })
    const known = this.#init.store.cursor()
    // history that this node has acted on must still be there: E_REORG otherwise
    if (known !== null) await this.#init.chain.eventsAfter(known.block, known.hash, 1)
    await transport.start()
    await this.#poll()
    if (this.#hasEnded()) return
    this.#stopPolling = clock.every(this.#init.pollMs, () => this.#look())
    this.#tellReady()
  }

  /** Stops everything and flushes; may be called twice. Leaves no task: the next process can start at once. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const { transport, chain, runner, store, logger } = this.#init
    this.#stopPolling?.()
    this.#stopPolling = null
    this.#stopTasks()
    await transport.stop()
    // what waits for the chain fails now; the outbox knows what was not sent
    chain.close()
    await this.#polling
    await Promise.all([runner.stop(), this.#init.bundles?.runner.stop()])
    store.close()
    logger.info('node.stopped')
  }

  /**
   * Leaves a running task for good. At `signed` the CLOSE is durable: the next process goes on with it. Asking again
   * changes nothing.
   */
  leave(taskId: bigint): LeaveAnswer | 'not-a-member' {
    const answer = this.#byTask.get(taskId)?.leave() ?? 'not-a-member'
    this.#init.logger.info('task.leave', { task: String(taskId), answer })
    return answer
  }

  /** The operator says that the store has everything that was signed in a task. False: this node runs no such task. */
  trust(taskId: bigint): boolean {
    const task = this.#byTask.get(taskId)
    task?.trust()
    return task !== undefined
  }

  /** Votes for values again in a task that was frozen; false if it was not, null if it runs no such task. */
  resume(taskId: bigint): boolean | null {
    return this.#byTask.get(taskId)?.resume() ?? null
  }

  /** Whether it is a member of a task that waits for this bundle, or may be drawn for one. */
  awaits(bundle: Digest): boolean {
    return this.#waiting.members(bundle).length > 0 || this.#signUp.isIn(bundle)
  }

  /** A bundle that was missing is here. */
  bundleFound(bundle: Digest): void {
    if (this.#hasEnded()) return
    try {
      for (const task of this.#waiting.release(bundle)) this.#run(task)
      this.#lookSoon()
    } catch (error) {
      this.#fatal(error)
    }
  }

  #stopTasks(): void {
    for (const task of this.#byTask.values()) task.stop()
  }

  health(): NodeHealth {
    const { keyring, transport } = this.#init
    const notReady = this.#notReady()
    return {
      key: keyring.address,
      ready: notReady.length === 0,
      notReady,
      addresses: transport.addresses(),
      store: this.#init.store.verdict,
      peers: { connected: transport.connected().length, known: this.peers().size },
      chain: { head: this.#head, cursor: this.#cursor.block, reachable: this.#reachable === true },
      outbox: this.#outbox.length,
      tasks: [...this.#byTask.values()].map((task) => task.health()),
      notJoined: this.#signUp.refused(),
      transport: transport.counters(),
    }
  }

  /** Ready: the chain is reached and read, and the tasks that run are decided. */
  #notReady(): string[] {
    if (this.#failed) return ['it has failed and is about to end']
    if (this.#stopPolling === null) return ['it starts or ends']
    if (this.#reachable !== true) return [`the chain is not reached${this.#unreached}`]
    return [
      ...this.#waiting.troubles(),
      ...[...this.#byTask.values()].flatMap((task) => task.trouble() ?? []),
    ]
  }

  #tellReady(): void {
    const { keyring, transport, logger } = this.#init
    if (this.#hasEnded()) return
    const reasons = this.#notReady()
    const text = reasons.join('; ')
    if (text === this.#told) return
    this.#told = text
    if (reasons.length > 0) logger.warn('node.not-ready', { reasons })
    else logger.info('node.ready', { key: keyring.address, addresses: transport.addresses() })
  }

  /** Says how many peers are connected whenever that has changed. */
  #countPeers(): void {
    const connected = this.#init.transport.connected().length
    if (connected === this.#connected) return
    this.#connected = connected
    this.#init.logger.info('peers.connected', { connected, known: this.peers().size })
  }

  /** Evidence does not wait for the next look at the chain; found during one, it gets another. */
  #lookSoon(): void {
    if (this.#stopPolling === null) return
    this.#isLookDue = true
    this.#look()
  }

  #look(): void {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = null
      this.#tellReady()
      if (this.#isLookDue && !this.#hasEnded()) this.#look()
    })
  }

  /** One look at the chain: new events, then duties. An unreachable chain is waited for, not died of. */
  async #poll(): Promise<void> {
    const { logger } = this.#init
    this.#isLookDue = false
    this.#countPeers()
    try {
      this.#head = await this.#init.chain.head()
      if (this.#init.store.born() === null) this.#init.store.setBorn(this.#head)
      await this.#readEvents()
      if (!this.#hasEnded()) this.#connect()
      await inTurn(this.#duties(), (duty) => (this.#hasEnded() ? Promise.resolve() : duty()))
      if (this.#reachable === false) logger.info('chain.back')
      this.#reachable = true
    } catch (error) {
      if (this.#hasEnded()) return
      if (!isPassing(error)) {
        this.#fatal(error)
        return
      }
      if (this.#reachable !== false)
        logger.warn('chain.unreachable', { code: error.code, message: error.message })
      this.#reachable = false
      this.#unreached = ` (${error.code})`
    }
  }

  /** What is to be done at every look at the chain. A fault of the environment in one leaves the others their turn. */
  #duties(): (() => Promise<void>)[] {
    return [
      () => this.#outbox.resume(),
      () => this.#signUp.poll(this.#head),
      ...[...this.#byTask.values()].flatMap((task) => task.duties(this.#head)),
      () => inTurn([...this.#byTask], ([taskId, task]) => this.#retire(taskId, task)),
    ]
  }

  /** Lets go of a task that is over, and of published ones that came to nothing. */
  async #retire(taskId: bigint, task: RunningTask): Promise<void> {
    if (!(await task.isOver(this.#cursor.block, this.#time))) return
    task.retire()
    this.#byTask.delete(taskId)
    this.#byCluster.delete(task.cluster)
    this.#init.logger.info('task.retired', { task: String(taskId) })
  }

  /**
   * Connections to the members of the own clusters, where they say they are now, and to nobody else; then tasks may begin.
   * Only once all history is read: what is long over needs neither.
   */
  #connect(): void {
    this.#init.transport.setPeers(this.#addresses.peers(this.peers()))
    for (const task of this.#byTask.values()) task.start(this.#cursor.block, this.#time)
  }

  /** Whom this node talks to: the other members of its clusters, those of one reducer or all. */
  peers(reducer?: Digest): ReadonlySet<Address> {
    const { block } = this.#cursor
    const running = [...this.#byTask.values()].filter((task) => (reducer ?? task.reducer) === task.reducer)
    const keys = new Set([...running.flatMap((task) => task.peers(block)), ...this.#waiting.members(reducer)])
    keys.delete(this.#init.keyring.address)
    return keys
  }

  /** Lines that this node was drawn for, with their newest tasks and where the members of those are. */
  lines(): ReadonlyMap<Address, readonly LineTask[]> {
    return this.#lines.all()
  }

  /** Where members say that they are. */
  whereabouts(keys: readonly Address[]): readonly Peer[] {
    return this.#addresses.peers(keys)
  }

  /** Stopped or failed; both may happen during any wait. */
  #hasEnded(): boolean {
    return this.#failed || this.#stopping !== null
  }

  /** Up to the head that was just seen: where the last look ended there, nothing is asked. */
  async #readEvents(): Promise<void> {
    const { chain, store } = this.#init
    while (this.#cursor.block !== this.#head - chain.reorgDepth) {
      const page =
        this.#page?.page ?? (await chain.eventsAfter(this.#cursor.block, this.#cursor.hash, PAGE_BLOCKS))
      if (page === null || this.#hasEnded()) return
      this.#page ??= { page, taken: 0 }
      for (const event of page.events.slice(this.#page.taken)) {
        if (event.kind === 'clusterFormed') await this.#beforeDrawn(event)
        this.#take(event)
        this.#page.taken += 1
      }
      this.#page = null
      this.#cursor = { block: page.block, hash: page.hash }
      this.#time = page.time
      if (page.events.length > 0 || page.block - this.#kept >= PAGE_BLOCKS) {
        store.setCursor(page.block, page.hash)
        this.#kept = page.block
      }
      this.#book.prune(page.block, page.time)
      this.#waiting.prune(page.block, page.time)
    }
  }

  /** What has to be asked before a cluster is taken notice of. */
  async #beforeDrawn(event: DrawnTask['formed']): Promise<void> {
    await requireOwnJoin(this.#init, event, this.#signUp.joinedAt(event.taskId))
    const published = this.#book.get(event.taskId)
    if (published !== null) await this.#lines.drawn(event, published)
  }

  #take(event: ChainEvent): void {
    this.#predecessors.take(event)
    switch (event.kind) {
      case 'nodeAddresses':
        this.#addresses.take(event)
        break
      case 'taskPublished':
        this.#book.published(event)
        this.#signUp.published(event)
        break
      case 'taskJoined':
        this.#signUp.joined(event.taskId, event.key, event.block)
        break
      case 'taskRevoked':
        this.#revoked(event)
        break
      case 'clusterFormed':
        this.#signUp.formed(event.taskId)
        this.#drawn(event)
        break
      case 'ledgerEvent':
      case 'checkpointed':
      case 'republished':
      case 'taskFinalized':
      case 'convicted':
        this.#tell(event)
        break
    }
  }

  /** What happens in a task that this node was drawn for, or may be. */
  #tell(event: TaskEvent): void {
    if (event.kind === 'ledgerEvent') this.#book.ledgerEvent(event)
    this.#byTask.get(event.taskId)?.take(event)
    this.#waiting.take(event)
  }

  /**
   * A running task goes on to the end of its grace: what is decided by then is still accepted and paid. One whose cluster
   * is drawn later has nothing to do.
   */
  #revoked(event: Extract<ChainEvent, { kind: 'taskRevoked' }>): void {
    const { taskId, block } = event
    this.#init.logger.info('task.revoked', { task: String(taskId), block })
    this.#signUp.revoked(taskId)
    this.#book.take(taskId)
    this.#tell(event)
  }

  #drawn(formed: DrawnTask['formed']): void {
    const { keyring, bundles } = this.#init
    const published = this.#book.take(formed.taskId)
    if (published === null || !formed.cluster.members.some(({ key }) => key === keyring.address)) return
    const task = { formed, published, later: [] }
    if (bundles?.missing.has(published.params.reducer) === true) this.#waiting.add(task)
    else this.#run(task)
  }

  /** Drawn for a task: bring the application's state and run the protocol. */
  #run({ formed: { taskId, cluster, block }, published, later }: DrawnTask): void {
    const { keyring, bundles, logger } = this.#init
    const self = cluster.members.findIndex((member) => member.key === keyring.address)
    const { params } = published
    const task = String(taskId)
    const bundle = bundles?.known.get(params.reducer) ?? null
    const reason = taskRefusal(params, bundle)
    const reducer = findReducerByHash(params.reducer)?.id ?? bundle?.id
    if (reason !== null || reducer === undefined) return logger.error('task.refused', { task, reason })
    const wish = (): void => this.#byTask.get(taskId)?.wish()
    const line = this.#lines.of(published)
    const source = openSource(this.#init, { taskId, reducer, params, line, self, cluster, wish })
    if (source === null) return logger.warn('task.without-source', { task, reducer })
    this.#init.onSeated?.({ cluster, self, params })
    const running = new RunningTask({
      ...this.#init,
      taskId,
      cluster,
      self,
      params,
      reducer,
      sandbox: bundle === null ? undefined : bundles?.runner,
      domain: this.#init.chain.domain,
      source,
      memory: memoryOf(this.#init.store, cluster.id, block),
      isFaulty: this.#init.isFaulty ?? false,
      outbox: this.#outbox,
      formedAt: block,
      posted: published.events,
      handedOver: () => this.#predecessors.handedOver(params.predecessor, this.#cursor.block, this.#head),
      onEvidence: () => this.#lookSoon(),
      onFatal: (error) => this.#fatal(error),
    })
    this.#byCluster.set(cluster.id, running)
    this.#byTask.set(taskId, running)
    for (const event of later) running.take(event)
    logger.info('task.running', { task, member: self, members: cluster.members.length })
  }

  #fatal(error: unknown): void {
    if (this.#hasEnded()) return
    this.#failed = true
    this.#stopTasks()
    this.#init.onFatal(error)
  }
}
