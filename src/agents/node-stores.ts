import type { CopyFolders } from '../ports/copy-folders.ts'
import type { KeptCopy, Stores, StoreWatcher } from '../ports/stores.ts'
import { seatsIn } from '../services/health/codec.ts'
import { NO_SEAT } from '../services/placement/codec.ts'
import type { GroupRow } from '../services/replication/codec.ts'
import { decodeAnswer, encodeAnswer, encodeAsk } from '../services/store/requests.ts'
import type { Agreed } from '../services/services.ts'
import type { Address, MemberIndex } from '../types/ids.ts'
import { refusedAs } from '../types/store-request.ts'
import type { StoreAnswer, StoreRefused, StoreWord } from '../types/store-request.ts'
import type { Copy } from './kind.ts'
import { REMOTE_BYTES_MAX } from './remote.ts'
import type { Remote, ServiceName } from './remote.ts'

/** What is decided of a line of tasks, and what runs here. */
export interface LineView {
  /** The newest of its tasks that has decided anything. */
  readonly task: bigint
  readonly state: Pick<Agreed, 'header' | 'replication'>
  readonly self: MemberIndex
  readonly copyOf: (service: number) => Copy | null
}

export interface NodeStoresInit {
  /** Null: nothing is decided yet, or the node was not drawn for the task. */
  readonly lineOf: (task: bigint) => LineView | null
  readonly remote: Pick<Remote, 'ask'>
  /** Members that can be reached. */
  readonly connected: () => readonly Address[]
  readonly folders: CopyFolders
  /** Name of the line of a task; of one that is not known, the task. */
  readonly lineName: (task: bigint) => bigint
  readonly useOf: (line: bigint, service: number) => KeptCopy['use']
}

/** Where a store is, as far as this node knows. */
interface Place {
  readonly name: ServiceName
  readonly group: GroupRow
  readonly copy: Copy | null
  /** Members of the group elsewhere, the one that leads first. */
  readonly others: readonly Address[]
  readonly primary: Address | null
}

/**
 * The stores of the tasks that this node was drawn for. A request goes to the copy here, if that one may answer it, or once to
 * another: to the primary of a strong store, or to any copy of another one.
 */
export class NodeStores implements Stores {
  readonly #init: NodeStoresInit

  constructor(init: NodeStoresInit) {
    this.#init = init
  }

  async ask(task: bigint, service: number, ask: StoreWord): Promise<StoreAnswer> {
    const place = this.#place(task, service)
    if ('code' in place) return place
    const { copy, group, primary } = place
    const isHere =
      copy !== null && (group.consistency !== 'strong' || primary === null || !place.others.includes(primary))
    return isHere ? askCopy(copy, ask) : this.#forward(place, ask)
  }

  watch(
    task: bigint,
    service: number,
    after: number | null,
    watcher: StoreWatcher,
  ): (() => void) | StoreRefused {
    const place = this.#place(task, service)
    if ('code' in place) return place
    const { copy, group, primary } = place
    if (group.consistency !== 'strong')
      return refusedAs(
        'wrong-terms',
        'a causal or eventual store has no order of changes: it cannot be watched',
      )
    if (copy === null) return refusedAs('no-copy', 'a watch needs a node that has a copy', primary)
    return (
      copy.watch?.(after, watcher) ??
      refusedAs('gone', 'the changes behind that index are not kept: read all anew')
    )
  }

  kept(): KeptCopy[] {
    const { folders, useOf } = this.#init
    return folders.list().map((one) => ({ ...one, use: useOf(one.line, one.service) }))
  }

  purge(task: bigint, service: number, isForced: boolean): number | 'placed' | 'unknown' | 'nothing' {
    const line = this.#init.lineName(task)
    const found = this.kept().find((one) => one.line === line && one.service === service)
    if (found === undefined) return 'nothing'
    if (found.use === 'placed' || (found.use === 'unknown' && !isForced)) return found.use
    this.#init.folders.remove(line, service)
    return found.bytes
  }

  #place(task: bigint, service: number): Place | StoreRefused {
    const line = this.#init.lineOf(task)
    if (line === null)
      return refusedAs(
        'no-store',
        'this node was not drawn for such a task of services, or nothing is decided yet',
      )
    const { state, self, copyOf } = line
    const group = state.replication.groups.find((row) => row.service === service)
    if (group === undefined) return refusedAs('no-store', `service ${service} of this task is no store`)
    const keyOf = (seat: number): Address | null => state.header.seats[seat]?.key ?? null
    const primary = group.primary === NO_SEAT ? null : keyOf(group.primary)
    const others = seatsIn(group.members, state.header.seats.length)
      .filter((seat) => seat !== self)
      .flatMap((seat) => keyOf(seat) ?? [])
      .sort((a, b) => Number(b === primary) - Number(a === primary))
    return { name: { task: line.task, service }, group, copy: copyOf(service), others, primary }
  }

  async #forward({ name, group, others, primary }: Place, ask: StoreWord): Promise<StoreAnswer> {
    if (group.members === 0n) return refusedAs('not-begun', 'the copies of the group are not all there yet')
    const connected = this.#init.connected()
    const to = others.find(
      (key) => connected.includes(key) && (group.consistency !== 'strong' || key === primary),
    )
    if (to === undefined)
      return group.consistency === 'strong'
        ? refusedAs('not-primary', 'another node leads, and cannot be reached from here', primary)
        : refusedAs('no-copy', 'no copy can be reached from here')
    const reply = await this.#init.remote.ask(to, name, encodeAsk(ask))
    if (reply.outcome === 'unhandled')
      return refusedAs('no-copy', 'the copy that was asked does not run', primary)
    const answer = reply.outcome === 'handled' ? decodeAnswer(reply.reply) : null
    if (answer !== null) return answer
    return refusedAs('unknown-outcome', 'the copy that was asked does not answer', primary)
  }
}

/** What a copy of a store says to a request that came as bytes, in a reply that fits a frame. */
export async function replyOf(copy: Copy, body: Uint8Array): Promise<Uint8Array | null> {
  const reply = await copy.request(body).catch(() => null)
  if (reply === null || reply.length <= REMOTE_BYTES_MAX) return reply
  return encodeAnswer(refusedAs('no-copy', 'the answer is longer than a frame: ask a node that has a copy'))
}

async function askCopy(copy: Copy, ask: StoreWord): Promise<StoreAnswer> {
  const reply = await copy.request(encodeAsk(ask)).catch(() => null)
  const answer = reply === null ? null : decodeAnswer(reply)
  return answer ?? refusedAs('no-copy', 'the copy here does not run')
}
