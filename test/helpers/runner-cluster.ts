import { MemoryDisk } from '../../src/adapters/memory/store.ts'
import { VirtualClock } from '../../src/adapters/memory/clock.ts'
import { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { createKeyring, recoverSigner } from '../../src/adapters/keys/keyring.ts'
import { decodeFrame } from '../../src/codec/frames.ts'
import { concatHex, fromHex, keccak, toHex, uint, utf8Hex } from '../../src/codec/hex.ts'
import { memoryOf } from '../../src/node/memory.ts'
import type { TaskRunnerInit } from '../../src/node/task-runner-init.ts'
import { TaskRunner } from '../../src/node/task-runner.ts'
import type { TwinCall } from '../../src/ports/chain.ts'
import type { Keyring } from '../../src/ports/keyring.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { RunnerResult } from '../../src/ports/reducer-runner.ts'
import type { DecidedState, StateSource } from '../../src/ports/state-source.ts'
import type { Store } from '../../src/ports/store.ts'
import type { Transport } from '../../src/ports/transport.ts'
import type { CheckpointBox } from '../../src/protocol/state.ts'
import { reducerHash } from '../../src/reducers/catalog.ts'
import { rateLimit } from '../../src/reducers/rate-limit.ts'
import type { ReducerCall } from '../../src/reducers/reducer.ts'
import { runReducer } from '../../src/reducers/run.ts'
import type { Cluster } from '../../src/types/cluster.ts'
import type { Address } from '../../src/types/ids.ts'
import type { LogEntry } from '../../src/types/log.ts'
import type { TaskParams } from '../../src/types/task.ts'
import { Wire } from './runner-cluster-wire.ts'

export const TASK_ID = 7n
export const DOMAIN = {
  chainId: 31337n,
  verifyingContract: `0x${'c0'.repeat(20)}`,
  salt: keccak(utf8Hex('deployment')),
} as const

const DEPLOYMENT = DOMAIN.salt
/** Block in which the cluster was drawn, and one after it. */
const FORMED_AT = 5
const RESTARTED_AT = 10

export function keyringOf(member: number): Keyring {
  return createKeyring(fromHex(keccak(utf8Hex(`member ${member}`))))
}

/** n members of weight 1 with real keys. */
export function realCluster(n: number): Cluster {
  const members = Array.from({ length: n }, (_, index) => ({
    index,
    key: keyringOf(index).address,
    operator: `0x${uint(index + 1, 20)}` as const,
    weight: 1,
  }))
  return { id: keccak(utf8Hex(`cluster of ${n}`)), seed: keccak(utf8Hex('seed')), members, totalWeight: n }
}

/** A rate-limit task whose phases last 20 ticks of 50 ms, one height every 20. */
export function taskParams(changes: Partial<TaskParams> = {}): TaskParams {
  return {
    reducer: reducerHash(rateLimit.id),
    reducerParams: toHex(rateLimit.params.encode({ budget: 100n, demandMax: 1_000n })),
    usesPrevious: false,
    twin: `0x${'00'.repeat(20)}`,
    predecessor: 0n,
    minNodes: 4,
    maxNodes: 31,
    heights: 6,
    epochHeights: 3,
    stateCap: 536,
    inputCap: 26,
    calldataInputs: true,
    stakePerNode: 100n,
    rewardPerHeight: 1n,
    checkpointFee: 1n,
    formGasPrice: 1n,
    joinDeadline: 20,
    ...{ joinTime: 0, endTime: 0, stallSeconds: 0 },
    endBlock: 1_000,
    stallBlocks: 400,
    turnBlocks: 4,
    maxEvents: 16,
    tickMs: 50,
    debateTicks: 20,
    shareTicks: 20,
    confirmTicks: 20,
    helloTicks: 20,
    slotTicks: 20,
    reporters: [],
    ...changes,
  }
}

/** s_i of a member: its demand. */
export function demandOf(demand: number): Uint8Array {
  return rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand: BigInt(demand), share: 0n }] })
}

/** The process ends here: thrown into the driver by a fuse that has burnt down. */
export class Crash extends Error {}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly event: string
  readonly facts: Readonly<Record<string, unknown>>
}

export function recordingLogger(lines: LogLine[]): Logger {
  const at =
    (level: LogLine['level']) =>
    (event: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push({ level, event, facts })
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

/** One member over all its lives. */
export interface Seat {
  readonly member: number
  readonly open: () => Store
  /** Everything that became durable in the own log. */
  readonly log: LogEntry[]
  readonly lines: LogLine[]
  readonly decided: DecidedState[]
  /** What its application was handed over, in each life. */
  readonly handed: string[]
  readonly certified: CheckpointBox[]
  /** Signatures of its own that it checked. */
  ownChecks: number
  store: Store | null
  transport: Transport | null
  runner: TaskRunner | null
  stopTicks: () => void
  /** Effects until the process ends; null: it lives on. */
  fuse: number | null
  /** Height whose decision is the last thing that becomes durable. */
  dieAfterDeciding: number | null
  /** Height whose decision does not become durable any more. */
  dieBeforeDeciding: number | null
  hasLived: boolean
}

export interface RunnerClusterOptions {
  readonly n: number
  readonly params?: Partial<TaskParams>
  /** Opens a member's data directory, again after a crash; null, and the default: in memory. */
  readonly open?: (member: number, key: Address, deploymentId: `0x${string}`) => Store | null
  /** A process is about to end: its store is still open. */
  readonly ends?: (member: number) => void
  readonly source?: (member: number) => StateSource['observe']
  readonly reduce?: (member: number, call: ReducerCall) => Promise<RunnerResult>
  /** What the predecessor has handed over, where the task has one; null: it is not settled. */
  readonly handedOver?: Uint8Array | null
  /** What the twin answers; only asked where the task has one. */
  readonly twin?: (member: number, call: TwinCall) => Promise<Uint8Array | null>
  /** The application's side of a decision. */
  readonly decided?: (member: number, decision: DecidedState) => void
  /** Whether a frame is lost on its way. */
  readonly loses?: (from: number, to: number) => boolean
  /** What stands between a member and its link; default: nothing. */
  readonly transport?: (seat: Seat, link: Transport) => Transport
  /** Who signs behind its own store's back. */
  readonly isFaulty?: (member: number) => boolean
}

/** Real drivers over a network in memory, with real keys, and ticks that come when the test says so. */
export class RunnerCluster {
  readonly cluster: Cluster
  readonly params: TaskParams
  readonly seats: readonly Seat[]
  readonly wire = new Wire()
  /** Errors that stopped a driver, crashes on purpose aside. */
  readonly fatal: unknown[] = []
  readonly clock = new VirtualClock()
  readonly hub = new MemoryHub('manual')
  readonly #options: RunnerClusterOptions

  constructor(options: RunnerClusterOptions) {
    this.#options = options
    this.cluster = realCluster(options.n)
    this.params = taskParams({ maxNodes: options.n, ...options.params })
    this.seats = this.cluster.members.map(({ index, key }) => {
      const disk = new MemoryDisk()
      const inMemory = (): Store => {
        disk.crash()
        return disk.open({ key, deploymentId: DEPLOYMENT })
      }
      const { open } = options
      return {
        member: index,
        open: () => open?.(index, key, DEPLOYMENT) ?? inMemory(),
        log: [],
        lines: [],
        decided: [],
        handed: [],
        certified: [],
        ownChecks: 0,
        store: null,
        transport: null,
        runner: null,
        stopTicks: () => undefined,
        fuse: null,
        dieAfterDeciding: null,
        dieBeforeDeciding: null,
        hasLived: false,
      }
    })
  }

  seat(member: number): Seat {
    const seat = this.seats[member]
    if (seat === undefined) throw new Error(`no member ${member}`)
    return seat
  }

  runner(member: number): TaskRunner {
    const { runner } = this.seat(member)
    if (runner === null) throw new Error(`${member} is down`)
    return runner
  }

  /** Members that run. */
  get up(): Seat[] {
    return this.seats.filter(({ runner }) => runner !== null)
  }

  /** Starts members that can all hear each other from the first frame on. */
  async start(members: readonly number[] = this.seats.map(({ member }) => member)): Promise<this> {
    for (const member of members) await this.#connect(this.seat(member))
    for (const member of members) this.#boot(this.seat(member))
    await this.settle()
    return this
  }

  /** Starts a member again with what it had stored. */
  async restart(member: number): Promise<void> {
    await this.start([member])
  }

  async #connect(seat: Seat): Promise<void> {
    const { member } = seat
    const { key } = this.cluster.members[member]!
    const link = this.hub.createTransport(key)
    const opened = seat.open()
    if (opened.born() === null) opened.setBorn(opened.verdict === 'new' && !seat.hasLived ? 0 : RESTARTED_AT)
    seat.hasLived = true
    seat.store = this.#recordingStore(seat, opened)
    const fused = this.#fusedTransport(seat, link)
    seat.transport = this.#options.transport?.(seat, fused) ?? fused
    seat.transport.onMessage((from, bytes) => {
      const frame = decodeFrame(bytes)
      if (frame !== null) seat.runner?.frame(from, frame)
    })
    await link.start()
    link.setPeers(this.cluster.members.map((other) => ({ key: other.key, addresses: [] })))
  }

  #boot(seat: Seat): void {
    try {
      const runner = new TaskRunner(this.#init(seat, seat.store!, seat.transport!))
      seat.runner = runner
      seat.stopTicks = this.clock.every(this.params.tickMs, () => {
        try {
          runner.tick()
        } catch (error) {
          this.#down(seat, error)
        }
      })
      if (runner.waitsForPredecessor && this.#options.handedOver instanceof Uint8Array)
        runner.takeOver(this.#options.handedOver)
      // as a running task does: it begins once it knows what it goes on from
      if (!runner.waitsForPredecessor) runner.start()
    } catch (error) {
      this.#down(seat, error)
    }
  }

  /** The process ends without a word. */
  async kill(member: number): Promise<void> {
    this.#down(this.seat(member), new Crash())
    await this.settle()
  }

  /** Delivers everything, and lets everything answer, until nothing moves any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 10;) {
      quiet = this.#deliver() > 0 ? 0 : quiet + 1
      await Promise.resolve()
    }
  }

  async tick(): Promise<void> {
    this.clock.advance(this.params.tickMs)
    await this.settle()
  }

  /** Ticks until every running member has decided `height`; false if that takes more than `ticksMax`. */
  async run(height: number, ticksMax = 2_000): Promise<boolean> {
    const done = (): boolean => this.up.every(({ runner }) => runner!.state.chain.height >= height)
    for (let i = 0; i < ticksMax && !done(); i += 1) await this.tick()
    return done()
  }

  #deliver(): number {
    let count = 0
    for (let next = this.hub.pending()[0]; next !== undefined; next = this.hub.pending()[0]) {
      const [from, to] = [next.from, next.to].map((key) =>
        this.cluster.members.findIndex((member) => member.key === key),
      )
      if (this.#options.loses?.(from!, to!) === true) this.hub.drop()
      else this.hub.deliver()
      count += 1
    }
    return count
  }

  #down(seat: Seat, error: unknown): void {
    if (!(error instanceof Crash)) this.fatal.push(error)
    seat.stopTicks()
    seat.runner?.stop()
    seat.runner = null
    seat.fuse = null
    seat.dieAfterDeciding = null
    seat.dieBeforeDeciding = null
    void seat.transport?.stop()
    this.#options.ends?.(seat.member)
    seat.store?.close()
  }

  #init(seat: Seat, store: Store, transport: Transport): TaskRunnerInit {
    const { member } = seat
    const observe =
      this.#options.source?.(member) ??
      ((height: number): Promise<Uint8Array> => Promise.resolve(demandOf(10 * (member + 1) + height)))
    const reduce =
      this.#options.reduce ??
      ((_: number, call: ReducerCall): Promise<RunnerResult> =>
        Promise.resolve(runReducer(call, { stateBytesMax: this.params.stateCap })))
    return {
      taskId: TASK_ID,
      cluster: this.cluster,
      self: member,
      params: this.params,
      reducer: rateLimit.id,
      domain: DOMAIN,
      keyring: keyringOf(member),
      recover: (digest, signature) => {
        const signer = recoverSigner(digest, signature)
        if (signer === keyringOf(member).address) seat.ownChecks += 1
        return signer
      },
      store,
      memory: memoryOf(store, this.cluster.id, FORMED_AT),
      isFaulty: this.#options.isFaulty?.(member) ?? false,
      transport,
      chain: {
        twinAggregate: (call) => this.#options.twin?.(member, call) ?? Promise.resolve(null),
        checkpointSent: () => Promise.resolve(null),
      },
      runner: { run: (call) => reduce(member, call), stop: () => Promise.resolve() },
      source: {
        observe,
        decided: (decision) => {
          seat.decided.push(decision)
          this.#options.decided?.(member, decision)
        },
        handedOver: (state) => void seat.handed.push(toHex(state)),
      },
      logger: recordingLogger(seat.lines),
      onCertified: (box) => void seat.certified.push(box),
      onEvidence: () => undefined,
      onFatal: (error) => this.#down(seat, error),
    }
  }

  /** One more effect: the process ends here if its fuse has burnt down. */
  #burn(seat: Seat): void {
    if (seat.fuse === null) return
    seat.fuse -= 1
    if (seat.fuse <= 0) throw new Crash()
  }

  /** Writes may be the last thing that happens, or the first that does not. */
  #recordingStore(seat: Seat, store: Store): Store {
    const write = <T>(entries: readonly LogEntry[], run: () => T): T => {
      this.#burn(seat)
      const result = run()
      seat.log.push(...entries)
      this.#burn(seat)
      return result
    }
    return {
      signOnce: (request) => write(request.entries, () => store.signOnce(request)),
      append: (cluster, entries) => write(entries, () => store.append(cluster, entries)),
      decide: (cluster, height, bodies) => {
        if (height.decided.height === seat.dieBeforeDeciding) throw new Crash()
        write([], () => store.decide(cluster, height, bodies))
        if (height.decided.height === seat.dieAfterDeciding) throw new Crash()
      },
      states: (cluster, from, count) => store.states(cluster, from, count),
      heights: (...args) => store.heights(...args),
      body: (...args) => store.body(...args),
      checkpoint: (...args) => store.checkpoint(...args),
      load: (...args) => store.load(...args),
      log: (...args) => store.log(...args),
      keepEvidence: (...args) => store.keepEvidence(...args),
      markEvidence: (...args) => store.markEvidence(...args),
      evidence: (cluster) => store.evidence(cluster),
      cursor: () => store.cursor(),
      setCursor: (...args) => store.setCursor(...args),
      enqueue: (entry) => store.enqueue(entry),
      outbox: () => store.outbox(),
      verdict: store.verdict,
      find: (...args) => store.find(...args),
      born: () => store.born(),
      setBorn: (block) => store.setBorn(block),
      memory: (cluster) => store.memory(cluster),
      setMemory: (...args) => store.setMemory(...args),
      settle: (id) => store.settle(id),
      close: () => store.close(),
    }
  }

  #fusedTransport(seat: Seat, link: Transport): Transport {
    return {
      key: link.key,
      addresses: () => link.addresses(),
      start: () => link.start(),
      stop: () => link.stop(),
      setPeers: (peers) => link.setPeers(peers),
      connected: () => link.connected(),
      onMessage: (receive) => link.onMessage(receive),
      counters: () => link.counters(),
      broadcast: (bytes) => link.broadcast(bytes),
      sendData: (to, bytes) => link.sendData(to, bytes),
      send: (to, bytes) => {
        this.#burn(seat)
        this.wire.sent(seat.member, bytes)
        link.send(to, bytes)
      },
    }
  }
}

/** Anything that looks like a signature. */
export const NO_SIGNATURE = concatHex('11'.repeat(64), '1b')
