import { join } from 'node:path'
import { VirtualClock } from '../../../src/adapters/memory/clock.ts'
import { SqliteRecordJournal } from '../../../src/adapters/sqlite/record-journal.ts'
import { DiskCopyFolders } from '../../../src/adapters/system/copy-folders.ts'
import { Channel } from '../../../src/agents/channel.ts'
import { storeKind } from '../../../src/agents/kinds/store.ts'
import { PeerWatch } from '../../../src/agents/peer-watch.ts'
import { ServicesAgents } from '../../../src/agents/services-agents.ts'
import { Book } from '../../../src/agents/transactions/book.ts'
import type { CommandLogs } from '../../../src/agents/transactions/agreed-log.ts'
import type { SourceRequest } from '../../../src/node/node-init.ts'
import type { StateSource } from '../../../src/ports/state-source.ts'
import type { Peer } from '../../../src/ports/transport.ts'
import { services } from '../../../src/services/services.ts'
import type { Agreed, Observed } from '../../../src/services/services.ts'
import { decodeRecord } from '../../../src/services/store/wire.ts'
import type { Address } from '../../../src/types/ids.ts'
import { createLibp2pTransport } from '../transport-kit.ts'
import { MortalJournal, MortalTransport } from './mortal.ts'
import type { Life } from './mortal.ts'

export const START_MS = 1_700_000_000_000
export const TASK = 7n

/** A state that a node comes into when it writes: of its role as coordinator, or of a store that it leads. */
export type Label =
  | 'coordinator begun'
  | 'coordinator decided'
  | 'coordinator over'
  | 'store prepare'
  | 'store accept'
  | 'store outcome'
export const POINTS = ['before-log', 'after-log', 'after-send'] as const
export interface Death {
  readonly label: Label
  readonly point: (typeof POINTS)[number]
}

export interface TxNodeInit {
  readonly seat: number
  readonly folder: string
  readonly seats: readonly Address[]
  readonly nowMs: number
  readonly life: Life
  readonly logs: CommandLogs
  readonly onDeath: () => void
}

/** All that a node does for services, over libp2p and on a disk, without its chain. Its time is virtual. It may die. */
export class TxNode {
  readonly seat: number
  readonly clock = new VirtualClock()
  readonly life: Life
  readonly agents: ServicesAgents
  readonly #link: ReturnType<typeof createLibp2pTransport>
  readonly #channel: Channel
  readonly #source: StateSource
  readonly #onDeath: () => void
  /** Dies when it comes to this. */
  death: Death | null = null

  constructor({ seat, folder, seats, nowMs, life, logs, onDeath }: TxNodeInit) {
    this.life = life
    this.seat = seat
    this.#onDeath = onDeath
    this.clock.advance(nowMs)
    const { clock } = this
    const clockMs = (): number => START_MS + clock.nowMs()
    const silent = (): void => undefined
    const journal = (
      at: string,
      name: string,
      labelOf: (record: Uint8Array) => Label | null,
    ): MortalJournal =>
      new MortalJournal(new SqliteRecordJournal(at, name), life, (when, records) => {
        this.#at(
          when,
          records.flatMap((record) => labelOf(record) ?? []),
        )
      })
    this.agents = new ServicesAgents({
      host: { tier: 'core', region: 0, capacity: {} },
      ...{ incarnation: 1, sampler: { sample: () => null }, clock, clockMs, logs },
      logger: { info: silent, warn: silent, error: silent },
      kinds: [storeKind({ journal: (at, name) => journal(at, name, storeLabel), clockMs })],
      folders: new DiskCopyFolders(join(folder, 'services')),
      book: () => journal(join(folder, 'services'), 'transactions', coordinatorLabel),
    })
    this.#link = createLibp2pTransport(seat + 1)
    this.#channel = new Channel(new MortalTransport(this.#link, life))
    this.agents.connect({ channel: this.#channel, watch: new PeerWatch(clock, this.#channel) })
    this.#channel.onMessage(silent)
    const cluster = { members: seats.map((key) => ({ key, weight: 1 })) }
    this.#source = this.agents.open({
      ...{ taskId: TASK, reducer: services.id, self: seat, decided: [], members: seats.length },
      ...{ params: { predecessor: 0n, heights: 60_000 }, cluster },
    } as unknown as SourceRequest)
  }

  get peer(): Peer {
    return { key: this.#channel.key, addresses: this.#channel.addresses() }
  }

  connected(): readonly Address[] {
    return this.#channel.connected()
  }

  start(): Promise<void> {
    return this.#channel.start()
  }

  setPeers(peers: readonly Peer[]): void {
    this.#channel.setPeers(peers.filter(({ key }) => key !== this.#channel.key))
  }

  /** What it brings to the next height. */
  async observe(): Promise<Observed | null> {
    const said = services.state.decode(await this.#source.observe(0))
    return said?.kind === 'observed' ? said : null
  }

  decide(height: number, state: Agreed): void {
    this.#source.decided({ height, state: services.state.encode(state) })
  }

  /** As kill -9 does it: files stay as they are, and nothing of it happens any more. */
  die(): void {
    if (this.life.isOver) return
    this.life.isOver = true
    void this.#link.stop()
    this.#onDeath()
  }

  async stop(): Promise<void> {
    await Promise.all([this.agents.stop(), this.#link.stop()])
  }

  #at(when: 'before' | 'after', labels: readonly Label[]): void {
    const { death } = this
    if (death === null || !labels.includes(death.label)) return
    if (when === 'before' && death.point === 'before-log') this.die()
    if (when === 'after' && death.point === 'after-log') this.die()
    // what the step sends leaves in this turn of the loop
    if (when === 'after' && death.point === 'after-send') setImmediate(() => this.die())
  }
}

function storeLabel(bytes: Uint8Array): Label | null {
  const record = decodeRecord(bytes)
  if (record?.kind !== 'entries') return null
  for (const { command } of record.entries) {
    const kind = command.write.kind === 'tx' ? command.write.message.body.kind : null
    if (kind === 'prepare' || kind === 'accept' || kind === 'outcome') return `store ${kind}`
  }
  return null
}

function coordinatorLabel(bytes: Uint8Array): Label {
  const ignore = (): void => undefined
  const [row] = new Book({ read: () => [bytes], append: ignore, replace: ignore, close: ignore }).rows
  if (row?.isOver === true) return 'coordinator over'
  return (row?.decided ?? null) === null ? 'coordinator begun' : 'coordinator decided'
}
