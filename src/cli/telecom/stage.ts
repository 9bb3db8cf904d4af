import { RsdpClient } from '../../api/client.ts'
import type { StoreClient } from '../../api/store-client.ts'
import { fromHex } from '../../codec/hex.ts'
import type { ServiceRow } from '../../services/placement/codec.ts'
import type { GroupRow } from '../../services/replication/codec.ts'
import { services } from '../../services/services.ts'
import type { Agreed } from '../../services/services.ts'
import type { Hex } from '../../types/ids.ts'
import { readControl } from '../control/file.ts'
import type { LocalNetwork } from '../local/network.ts'
import type { NodeProcess } from '../local/node-process.ts'
import type { LocalNode } from '../local/register-nodes.ts'
import type { Watch } from '../local/watch.ts'
import { waitFor } from '../local/watch.ts'
import { TELECOM_SERVICES } from './document.ts'
import { storeAt } from './requests.ts'

/** What every chapter of the story works on. */
export class TelecomStage {
  readonly network: LocalNetwork
  readonly watch: Watch
  readonly say: (line: string) => void
  /** Task of services@1. */
  readonly task: bigint
  readonly #signal: AbortSignal
  /** Processes that have to run. */
  readonly #running: Map<string, NodeProcess>

  constructor(init: {
    readonly network: LocalNetwork
    readonly watch: Watch
    readonly say: (line: string) => void
    readonly task: bigint
    readonly signal: AbortSignal
  }) {
    this.network = init.network
    this.watch = init.watch
    this.say = init.say
    this.task = init.task
    this.#signal = init.signal
    this.#running = new Map(init.network.processes.map((process) => [process.name, process]))
  }

  node(name: string): LocalNode {
    const found = this.network.nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`no node ${name}`)
    return found
  }

  seat(name: string): number {
    const { key } = this.node(name)
    const said = this.watch.of('task.running').find(({ node, facts }) => {
      return node === name && facts['task'] === String(this.task)
    })
    if (said === undefined) throw new Error(`${name} (${key}) has no seat`)
    return Number(said.facts['member'])
  }

  nameOf(seat: number): string {
    return this.network.nodes.find(({ name }) => this.seat(name) === seat)?.name ?? `seat ${seat}`
  }

  /** The API of a node. @throws Error if it does not run */
  client(at: string): RsdpClient {
    const control = readControl(this.node(at).dataDir)
    if (control === null) throw new Error(`${at} does not run`)
    return new RsdpClient(control)
  }

  /** A store, as it answers at a node. */
  store(at: string, service: number): StoreClient {
    return storeAt(this.node(at).dataDir, this.task, service)
  }

  /** kill -9. */
  kill(name: string): void {
    const pid = this.#running.get(name)?.pid
    this.#running.delete(name)
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }

  runs(process: NodeProcess): void {
    this.#running.set(process.name, process)
  }

  /** Processes that were started in place of those of the network, and run. */
  get later(): readonly NodeProcess[] {
    return [...this.#running.values()].filter((one) => !this.network.processes.includes(one))
  }

  /** State that a node has decided last; null before the first. */
  async agreed(at: string): Promise<Agreed | null> {
    const control = readControl(this.node(at).dataDir)
    if (control === null) return null
    const last = await new RsdpClient(control).state(this.task).catch(() => null)
    const state = last === null ? null : services.state.decode(fromHex(last.state as Hex))
    return state?.kind === 'agreed' ? state : null
  }

  /** Waits until a node has decided a state of which this holds; returns it. */
  async until(what: string, at: string, holds: (state: Agreed) => boolean): Promise<Agreed> {
    let found: Agreed | null = null
    await this.wait(what, async () => {
      const state = await this.agreed(at)
      if (state !== null && holds(state)) found = state
      return found !== null
    })
    return found as unknown as Agreed
  }

  readonly wait = (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
    const nodes = [...this.#running.values()]
    return waitFor(condition, { what, timeoutMs: 120_000, signal: this.#signal, nodes })
  }

  /** Who hosts what, a line a node. */
  placementLines({ placement, health }: Agreed): string[] {
    const nameOf = ({ service }: Pick<ServiceRow, 'service'>): string =>
      TELECOM_SERVICES[service - 1]?.name ?? `service ${service}`
    return this.network.nodes.map(({ name }) => {
      const seat = this.seat(name)
      const hosted = placement.instances
        .filter(({ member, phase }) => member === seat && phase === 'running')
        .map(nameOf)
      const verdict = health.rows.find(({ member }) => member === seat)?.verdict ?? 'up'
      return `  ${name.padEnd(7)} ${verdict.padEnd(10)} ${hosted.length === 0 ? 'nothing' : hosted.join(', ')}`
    })
  }
}

/** Whether every service runs, none of its copies on one of these seats. */
export function isPlaced({ placement }: Agreed, without: readonly number[] = []): boolean {
  return (
    placement.services.length === TELECOM_SERVICES.length &&
    placement.services.every(({ standing }) => standing === 'placed') &&
    placement.instances.every(({ phase, member }) => phase === 'running' && !without.includes(member))
  )
}

/** The group of a store; null: there is none yet. */
export function groupOf({ replication }: Agreed, service: number): GroupRow | null {
  return replication.groups.find((row) => row.service === service) ?? null
}

/** A time as people read it. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
