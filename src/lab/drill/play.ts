import type { Random } from '../../faults/random.ts'
import { makeFence } from '../../reducers/fence.ts'
import { NO_SEAT } from '../../services/placement/codec.ts'
import type { InstanceRow, Report } from '../../services/placement/codec.ts'
import { PRIORITY_MAX } from '../../services/placement/spec.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import type { Agreed, Observed } from '../../services/services.ts'
import type { MemberIndex } from '../../types/ids.ts'
import { stream } from '../draw.ts'
import { policyFor } from '../policy.ts'
import { nodesOf } from '../queue/cluster.ts'
import { Control, HEIGHT_MS } from '../queue/control.ts'
import { Machine } from '../queue/node.ts'
import { observationOf, Watch } from '../queue/observe.ts'
import type { Cell } from '../scenario.ts'

/** Heights before the loss, in which services are placed and settle. */
const CALM = 20
const EPOCH_MS = 1_700_000_000_000
/** Heights from a decision until a new copy runs. */
const START = 2
const URGENT = 8
/** Transactions per second of a copy: as many as it is made for, so that its service wants all of its copies. */
const RATE = 10

/**
 * The control plane alone, height by height, through the loss of some nodes at once. Services have priorities, fill a part of the
 * cluster, and use more or less of what they were given. The primary of service 1 is paused, not lost, where `pause` says so:
 * it wakes with a write of its own, which the store takes or refuses by the fencing token.
 */
export function playDrill(cell: Cell, seed: number): Record<string, number> {
  return new Drill(cell, seed).run()
}

class Drill {
  readonly #cell: Cell
  readonly #random: Random
  readonly #machines: readonly Machine[]
  readonly #specs: readonly ServiceSpec[]
  readonly #control: Control
  readonly #watch: Watch
  /** By `service * 256 + member`: height at which the copy runs. */
  readonly #runsAt = new Map<number, number>()
  /** Heights in which urgent services were served, and those in which they should have been. */
  readonly #urgent = { served: 0, all: 0 }
  /** By service: height at which it has its fewest copies again. */
  readonly #back = new Map<number, number>()
  #lost: readonly number[] = []
  #detectedAt: number | null = null
  readonly #store = { token: 0n, acknowledged: 0, overwritten: 0 }
  readonly #passes = makeFence(
    () => 0n,
    () => undefined,
  )

  constructor(cell: Cell, seed: number) {
    this.#cell = cell
    this.#random = stream(seed, 'drill')
    const nodes = nodesOf(cell.cluster, seed)
    this.#machines = nodes.map((spec) => new Machine(spec, 0))
    this.#specs = specsOf(cell, this.#machines, this.#random)
    this.#control = new Control(
      seed,
      nodes.map(({ weight }) => weight),
      this.#specs.map((spec) => ({
        spec:
          cell.broken === 'shedding-upside-down' ? { ...spec, priority: PRIORITY_MAX - spec.priority } : spec,
      })),
      policyFor(cell),
    )
    this.#watch = new Watch(nodes.length, 0, cell.mechanisms.detection)
  }

  run(): Record<string, number> {
    const { heights, losses, pause } = this.#cell.drill
    let before = 0
    let firstPrimary: MemberIndex = NO_SEAT
    for (let height = 1; height <= CALM + heights; height += 1) {
      if (height === CALM + 1) {
        before = this.#control.agreed?.placement.moveCount ?? 0
        firstPrimary = this.#primary()
        this.#lose(losses, pause, firstPrimary)
      }
      this.#height(height)
      if (height <= CALM) continue
      this.#look(height)
      this.#write(height, firstPrimary)
    }
    const agreed = this.#control.agreed
    const times = this.#lost.map((service) => this.#back.get(service) ?? Infinity)
    const whole = Math.max(0, ...times)
    return {
      lost_services: this.#lost.length,
      back_share: this.#lost.length === 0 ? 1 : times.filter(Number.isFinite).length / this.#lost.length,
      full_health_s: Number.isFinite(whole) ? Math.max(0, whole - CALM) : Number.NaN,
      detect_s: this.#detectedAt === null ? Number.NaN : this.#detectedAt - CALM,
      order: this.#order(),
      urgent_served: this.#urgent.all === 0 ? 1 : this.#urgent.served / this.#urgent.all,
      migrations: (agreed?.placement.moveCount ?? 0) - before,
      acknowledged: this.#store.acknowledged,
      lost_writes: this.#store.overwritten,
    }
  }

  #primary(): MemberIndex {
    return this.#control.agreed?.placement.services[0]?.primary ?? NO_SEAT
  }

  #lose(count: number, pause: number, primary: MemberIndex): void {
    const lost =
      pause > 0 && primary !== NO_SEAT
        ? [primary]
        : this.#random.shuffled(this.#machines.map((_, i) => i)).slice(0, count)
    const placed = this.#control.agreed?.placement.instances ?? []
    for (const member of lost) {
      const machine = this.#machines[member]
      if (machine === undefined) continue
      if (pause > 0) machine.isCut = true
      else machine.crash()
    }
    // what ran on them does not run when they are back
    if (pause === 0)
      for (const key of this.#runsAt.keys()) if (lost.includes(key % 256)) this.#runsAt.delete(key)
    this.#lost = [
      ...new Set(placed.filter(({ member }) => lost.includes(member)).map(({ service }) => service)),
    ]
  }

  #height(height: number): void {
    const nowMs = height * HEIGHT_MS
    const { pause, repair } = this.#cell.drill
    if (repair > 0 && height === CALM + 1 + repair)
      for (const machine of this.#machines) if (!machine.isUp) machine.restart(nowMs)
    if (pause > 0 && height === CALM + 1 + pause) for (const machine of this.#machines) machine.isCut = false
    this.#machines.forEach((machine, member) => {
      if (machine.isReachable) this.#watch.heard(member, nowMs)
    })
    const inputs = new Map<MemberIndex, Observed>()
    this.#machines.forEach((machine, self) => {
      if (machine.isReachable) inputs.set(self, this.#observe(self, height))
    })
    const next = this.#control.next(inputs)
    if (next === null) return
    this.#control.take(next)
    this.#follow(next, height)
  }

  #observe(self: MemberIndex, height: number): Observed {
    const machine = this.#machines[self] as Machine
    const own = (this.#control.agreed?.placement.instances ?? []).filter(({ member }) => member === self)
    const running = own.filter((row) => (this.#runsAt.get(keyOf(row)) ?? Infinity) <= height)
    const used = running.reduce((sum, { service }) => sum + (this.#specs[service - 1]?.needs.cpu ?? 0), 0)
    const noise = this.#cell.drill.noise * (2 * this.#random.fraction() - 1)
    const cpu = Math.min(1, Math.max(0, used / (100 * machine.spec.cores) + noise))
    return observationOf({
      self,
      nowMs: height * HEIGHT_MS,
      clockMs: EPOCH_MS + height * HEIGHT_MS,
      machines: this.#machines,
      usage: { cpu, disk: 0, memory: 0, served: 0 },
      transactionsMax: 10_000,
      reports: running.map(({ service }): Report => ({ service, report: 'running', load: RATE })),
      watch: this.#watch,
    })
  }

  #follow({ placement: { instances }, health }: Agreed, height: number): void {
    const kept = new Set(instances.map(keyOf))
    for (const key of this.#runsAt.keys()) if (!kept.has(key)) this.#runsAt.delete(key)
    for (const row of instances)
      if (!this.#runsAt.has(keyOf(row)) && this.#machines[row.member]?.isReachable === true)
        this.#runsAt.set(keyOf(row), height + (height <= CALM / 2 ? 1 : START))
    const isSeen = health.rows.some(({ verdict }) => verdict === 'crash')
    if (height > CALM && isSeen) this.#detectedAt ??= height
  }

  #look(height: number): void {
    const instances = this.#control.agreed?.placement.instances ?? []
    for (const { service, priority, copiesMin } of this.#specs) {
      const serving = instances.filter(
        (row) =>
          row.service === service &&
          this.#machines[row.member]?.isReachable === true &&
          (this.#runsAt.get(keyOf(row)) ?? Infinity) <= height,
      ).length
      if (priority >= URGENT) {
        this.#urgent.all += 1
        if (serving >= copiesMin) this.#urgent.served += 1
      }
      if (serving >= copiesMin && this.#lost.includes(service) && !this.#back.has(service))
        this.#back.set(service, height)
    }
  }

  /** A write a height to the primary of service 1; the one that was paused brings its own when it wakes. */
  #write(height: number, first: MemberIndex): void {
    const { pause } = this.#cell.drill
    const primary = this.#primary()
    const isServing = this.#machines[primary]?.isReachable === true
    if (isServing) {
      // whoever is primary after another writes with a greater token
      if (primary !== first || pause === 0) this.#put(primary === first ? 1n : 2n)
      else if (this.#store.token < 2n) this.#put(1n)
    }
    if (pause > 0 && height === CALM + 1 + pause) this.#put(1n)
  }

  #put(token: bigint): void {
    const isTaken = this.#cell.broken === 'no-fence' || this.#passes(token)
    if (!isTaken) return
    if (token < this.#store.token) this.#store.overwritten += 1
    this.#store.token = token
    this.#store.acknowledged += 1
  }

  /** Of the pairs of lost services with different priorities, the part in which the more urgent was back no later. */
  #order(): number {
    const lost = this.#specs.filter(({ service }) => this.#lost.includes(service))
    const pairs = lost.flatMap((a) => lost.filter((b) => a.priority > b.priority).map((b) => [a, b] as const))
    if (pairs.length === 0) return Number.NaN
    const at = ({ service }: ServiceSpec): number => this.#back.get(service) ?? Infinity
    return pairs.filter(([a, b]) => at(a) <= at(b)).length / pairs.length
  }
}

function keyOf({ service, member }: Pick<InstanceRow, 'service' | 'member'>): number {
  return 256 * service + member
}

/** Services that together fill the given part of the cluster's processors, priorities drawn; the less urgent have copies to spare. */
function specsOf({ drill }: Cell, machines: readonly Machine[], random: Random): ServiceSpec[] {
  const cores = machines.reduce((sum, { spec }) => sum + spec.cores, 0)
  const priorities = Array.from({ length: drill.services }, () => random.int(0, PRIORITY_MAX))
  const copies = priorities.reduce((sum, priority) => sum + (priority < drill.spare_below ? 2 : 1), 0)
  const cpu = Math.max(1, Math.floor((100 * cores * drill.fill) / copies))
  return priorities.map((priority, i) => ({
    service: i + 1,
    kind: 'counter',
    tier: 'any',
    spread: 'node',
    priority,
    copiesMin: 1,
    copiesMax: priority < drill.spare_below ? 2 : 1,
    needs: { cpu, memory: 1, transactions: RATE },
    criticality: 500,
    calls: [0, 0, 0, 0],
  }))
}
