import { setImmediate } from 'node:timers/promises'
import { VirtualClock } from '../../src/adapters/memory/clock.ts'
import type { MemoryHub } from '../../src/adapters/memory/transport.ts'
import { SqliteRecordJournal } from '../../src/adapters/sqlite/record-journal.ts'
import { DiskCopyFolders } from '../../src/adapters/system/copy-folders.ts'
import { Channel } from '../../src/agents/channel.ts'
import { storeKind } from '../../src/agents/kinds/store.ts'
import { PeerWatch } from '../../src/agents/peer-watch.ts'
import type { CommandLogs } from '../../src/agents/transactions/agreed-log.ts'
import { ServicesAgents } from '../../src/agents/services-agents.ts'
import type { SourceRequest } from '../../src/node/node-init.ts'
import type { StateSource } from '../../src/ports/state-source.ts'
import { EMPTY_HEADER } from '../../src/services/header.ts'
import { health } from '../../src/services/health/slice.ts'
import { metrics } from '../../src/services/metrics/slice.ts'
import { placement } from '../../src/services/placement/slice.ts'
import { replication } from '../../src/services/replication/slice.ts'
import type { Consistency } from '../../src/types/store-request.ts'
import { models } from '../../src/services/sentinel/models.ts'
import { services } from '../../src/services/services.ts'
import type { Agreed } from '../../src/services/services.ts'
import { deadlock } from '../../src/services/transactions/slice.ts'
import { trust } from '../../src/services/trust/slice.ts'
import type { Address } from '../../src/types/ids.ts'
import { GroupWorld, storesOn } from './services-replication.ts'

const NO_LOGS: CommandLogs = {
  tasks: () => [],
  propose: () => null,
  machineState: () => null,
  onDecided: () => () => undefined,
}

/** A state of these members in which there is no service. */
export function emptyState(seats: readonly Address[]): Agreed {
  return {
    kind: 'agreed',
    header: {
      ...EMPTY_HEADER,
      heights: 1,
      agreedMs: 1_000,
      seats: seats.map((key, member) => ({ member, key })),
    },
    ...{ metrics: metrics.empty, health: health.empty, trust: trust.empty, placement: placement.empty },
    ...{ replication: replication.empty, deadlock: deadlock.empty, models: models.empty },
  }
}

/** Store 1 with a copy on each of so many seats, its group begun as the slice does it. */
export function begunStore(
  seats: number,
  consistency: Consistency,
): Pick<Agreed, 'placement' | 'replication'> {
  const where = storesOn(new Map(Array.from({ length: seats }, (_, seat) => [seat, 'running' as const])), [
    { copiesMin: seats },
  ])
  const world = new GroupWorld(seats)
  world.step({ reports: world.words(...Array.from({ length: seats }, (_, seat) => seat)), placement: where })
  const groups = world.state.groups.map((row) => ({ ...row, consistency }))
  return { placement: where, replication: { groups } }
}

/** What a node does for services: everything but the node. Time is virtual. */
export class ServicesNode {
  readonly clock = new VirtualClock()
  readonly agents: ServicesAgents
  readonly #channel: Channel
  readonly #seats: readonly Address[]
  readonly #sources = new Map<bigint, StateSource>()
  readonly #key: Address

  constructor(root: string, hub: MemoryHub, key: Address, seats: readonly Address[]) {
    const silent = (): void => undefined
    this.#key = key
    this.#seats = seats
    this.agents = new ServicesAgents({
      host: { tier: 'edge', region: 0, capacity: {} },
      ...{ incarnation: 1, sampler: { sample: () => null }, clock: this.clock, clockMs: () => 1_000 },
      logger: { info: silent, warn: silent, error: silent },
      kinds: [
        storeKind({ journal: (folder, name) => new SqliteRecordJournal(folder, name), clockMs: () => 1_000 }),
      ],
      folders: new DiskCopyFolders(root),
      book: () => new SqliteRecordJournal(root, 'transactions'),
      logs: NO_LOGS,
    })
    this.#channel = new Channel(hub.createTransport(key))
    this.agents.connect({ channel: this.#channel, watch: new PeerWatch(this.clock, this.#channel) })
    this.#channel.onMessage(silent)
  }

  async start(): Promise<void> {
    await this.#channel.start()
    this.#channel.setPeers(this.#seats.map((key) => ({ key, addresses: [] })))
  }

  open(task: bigint, predecessor = 0n): void {
    const cluster = { members: this.#seats.map((key) => ({ key })) }
    const request = {
      ...{ taskId: task, reducer: services.id, self: this.#seats.indexOf(this.#key), decided: [] },
      ...{ members: this.#seats.length, params: { predecessor, heights: 100 }, cluster },
    } as unknown as SourceRequest
    this.#sources.set(task, this.agents.open(request))
  }

  over(task: bigint): void {
    this.#sources.get(task)?.over?.()
  }

  async decide(task: bigint, state: Partial<Agreed>): Promise<void> {
    const whole = services.state.encode({ ...emptyState(this.#seats), ...state })
    this.#sources.get(task)?.decided({ height: 1, state: whole })
    await this.pass(1_000)
  }

  async pass(ms: number): Promise<void> {
    for (let at = 0; at < ms; at += 100) {
      this.clock.advance(100)
      await setImmediate()
    }
  }

  async stop(): Promise<void> {
    await this.agents.stop()
    await this.#channel.stop()
  }
}
