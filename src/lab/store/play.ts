import { Histogram } from '../histogram.ts'
import { stream } from '../draw.ts'
import type { Cell } from '../scenario.ts'
import { mean } from '../statistics/summary.ts'
import { StoreClient } from './client.ts'
import type { Acknowledged } from './client.ts'
import { StoreWorld } from './world.ts'

/** Time for placement, copies and clients to begin, and for the dust to settle at the end. */
const BEGIN_MS = 15_000
const SETTLE_MS = 20_000
/** A lease of a primary that has been cut off has ended by then. */
const LEASE_MS = 10_000
const LOOK_MS = 50

/**
 * Clients beside each node write to one store, over a fault or a cut: what is acknowledged, how soon, and what of it is there at
 * the end. A write is lost that was acknowledged and that no copy which may answer has in the end.
 */
export function playStore(
  cell: Cell,
  seed: number,
): { readonly figures: Record<string, number>; readonly latency: Histogram } {
  const run = new StoreRun(cell, seed)
  return run.play()
}

class StoreRun {
  readonly #cell: Cell
  readonly #world: StoreWorld
  readonly #clients: readonly StoreClient[]
  readonly #acknowledged: Acknowledged[] = []
  readonly #beginMs: number
  readonly #endMs: number
  readonly #strikeMs: number
  /** When the fault or cut is over. */
  readonly #overMs: number
  /** Nodes that no quorum reaches while it lasts. */
  #apart: readonly number[] = []
  #merged = 0
  #healedMs: number | null = null

  constructor(cell: Cell, seed: number) {
    const { store, warmup, duration } = cell
    this.#cell = cell
    this.#world = new StoreWorld(cell, seed)
    this.#beginMs = BEGIN_MS + 1000 * warmup
    this.#endMs = this.#beginMs + 1000 * duration
    this.#strikeMs = this.#beginMs + 1000 * store.at
    this.#overMs = this.#strikeMs + 1000 * store.for
    const random = stream(seed, 'clients')
    this.#clients = this.#world.hosts.flatMap((_, beside) =>
      Array.from(
        { length: store.clients },
        (_unused, i) =>
          new StoreClient({
            world: this.#world,
            beside,
            number: beside * store.clients + i,
            isStrong: store.consistency === 'strong',
            thinkMs: store.think_ms,
            random,
            acknowledged: (write) => this.#acknowledged.push(write),
            merged: () => (this.#merged += 1),
          }),
      ),
    )
  }

  play(): { readonly figures: Record<string, number>; readonly latency: Histogram } {
    const world = this.#world
    world.runUntil(BEGIN_MS)
    for (const client of this.#clients) client.start()
    world.runUntil(this.#beginMs)
    const before = { ...world.traffic }
    if (this.#strikeMs < this.#endMs) {
      world.runUntil(this.#strikeMs)
      world.strike()
      const reached = world.deciding()
      this.#apart = world.hosts.flatMap((_, seat) => (reached.includes(seat) ? [] : [seat]))
      if (this.#overMs < this.#endMs) {
        world.runUntil(this.#overMs)
        this.#lookForHeal()
      }
    }
    world.runUntil(this.#endMs)
    const { messages, bytes } = world.traffic
    for (const client of this.#clients) client.stop()
    world.runUntil(this.#endMs + SETTLE_MS)
    const measured = this.#acknowledged.filter(({ atMs }) => atMs >= this.#beginMs && atMs < this.#endMs)
    const latency = new Histogram()
    for (const { begunMs, atMs } of measured) latency.add(1000 * (atMs - begunMs))
    const each = Math.max(1, measured.length)
    return {
      figures: {
        acknowledged: measured.length,
        throughput: measured.length / this.#cell.duration,
        latency_mean: mean(measured.map(({ begunMs, atMs }) => atMs - begunMs)),
        availability: this.#written(this.#beginMs, this.#endMs, () => true),
        messages_per_write: (messages - before.messages) / each,
        bytes_per_write: (bytes - before.bytes) / each,
        stale: world.stale,
        merged: this.#merged,
        ...this.#losses(),
        ...this.#recovery(),
        ...this.#sides(),
      },
      latency,
    }
  }

  /** Once a while after the heal: whether each copy has what each client wrote last before it. */
  #lookForHeal(): void {
    const world = this.#world
    const last = new Map(this.#acknowledged.map((write) => [write.client, write.key]))
    const look = (): void => {
      const isEverywhere = world.hosts.every(
        (host, seat) => host.copy === null || [...last.values()].every((key) => world.has(seat, key)),
      )
      if (isEverywhere) this.#healedMs = world.nowMs
      else if (world.nowMs < this.#endMs) world.later(LOOK_MS, look)
    }
    if (this.#cell.store.consistency !== 'strong') look()
  }

  /** Acknowledged writes that are gone, and how old the oldest was when the fault struck. */
  #losses(): Record<string, number> {
    const world = this.#world
    const answering = world.hosts.flatMap((_, seat) => (world.answers(seat) ? [seat] : []))
    // nobody may say
    if (answering.length === 0) return {}
    const lost = this.#acknowledged.filter(({ key }) => !answering.some((seat) => world.has(seat, key)))
    const oldest = Math.min(this.#strikeMs, ...lost.map(({ atMs }) => atMs))
    return { lost_writes: lost.length, rpo_s: (this.#strikeMs - oldest) / 1000 }
  }

  /** Time from the fault: to the verdict, to the next primary, to its first word as such; longest time without any write. */
  #recovery(): Record<string, number> {
    const stepAt = (step: string): number => {
      const found = this.#world.steps.find((one) => one.step === step && one.decidedMs >= this.#strikeMs)
      return found === undefined ? Number.NaN : (found.decidedMs - this.#strikeMs) / 1000
    }
    const times = this.#acknowledged.map(({ atMs }) => atMs)
    const since = times.findLastIndex((at) => at <= this.#strikeMs)
    const after = [...times.slice(Math.max(0, since)).filter((at) => at < this.#endMs), this.#endMs]
    const gaps = after.map((at, i) => at - (after[i - 1] ?? at))
    return {
      detect_s: stepAt('classify'),
      select_s: stepAt('select'),
      resume_s: stepAt('resume'),
      rto_s: Math.max(...gaps) / 1000,
    }
  }

  /** Parts of the seconds in which clients on either side could write, once a lease has ended; and how soon all could again. */
  #sides(): Record<string, number> {
    if (this.#cell.store.cut === 'none') return {}
    const from = this.#strikeMs + LEASE_MS
    const isApart = (client: number): boolean => this.#apart.includes(client)
    const firsts = this.#world.hosts.flatMap((_, client) => {
      const first = this.#acknowledged.find((one) => one.client === client && one.atMs >= this.#overMs)
      return isApart(client) ? [first?.atMs ?? Infinity] : []
    })
    const writtenMs = Math.max(this.#overMs, ...firsts)
    const isOpen = this.#cell.store.consistency !== 'strong'
    const healMs = isOpen ? (this.#healedMs ?? Infinity) : writtenMs
    return {
      apart: this.#apart.length,
      written_apart: this.#written(from, this.#overMs, isApart),
      written_together: this.#written(from, this.#overMs, (client) => !isApart(client)),
      heal_s: Number.isFinite(healMs) ? (healMs - this.#overMs) / 1000 : Number.NaN,
    }
  }

  /** Part of the seconds of clients in which they had a write acknowledged; of no clients: no figure. */
  #written(fromMs: number, untilMs: number, isMeant: (client: number) => boolean): number {
    const nodes = this.#world.hosts.flatMap((_, seat) => (isMeant(seat) ? [seat] : []))
    const seconds = Math.floor((untilMs - fromMs) / 1000)
    const good = new Set(
      this.#acknowledged
        .filter(({ client, atMs }) => isMeant(client) && atMs >= fromMs && atMs < fromMs + 1000 * seconds)
        .map(({ client, atMs }) => `${client} ${Math.floor((atMs - fromMs) / 1000)}`),
    )
    return good.size / (nodes.length * seconds)
  }
}
