import type { MemberIndex } from '../../types/ids.ts'
import { INSTANCES_MAX, instanceKey, NO_SEAT } from './codec.ts'
import type { InstanceRow, PlacementPolicy, StrategyName } from './codec.ts'
import { fitsInto, minus, most, NOTHING, plus, utilisation } from './hosts.ts'
import type { Host } from './hosts.ts'
import { PRIORITY_MAX } from './spec.ts'
import type { Needs, ServiceSpec } from './spec.ts'
import { chooseHost } from './strategies.ts'
import type { Candidate, TieBreak } from './strategies.ts'

/** What a host carries, kept up to date with the rows. */
interface Carried {
  /** Σ needs of all copies on it that have not failed. */
  reserved: Needs
  /** Σ needs of those that its measurements do not show yet. */
  unseen: Needs
  /** Σ needs of those that went at this height: its measurements still show them. */
  gone: Needs
  /** Σ needs of those that go as soon as their target runs. */
  leaving: Needs
  copies: number
  load: number
}

/** Who is where, while a height is being folded. Every change goes through here, so that no host gets more than it has. */
export class Plan {
  readonly hosts: ReadonlyMap<MemberIndex, Host>
  readonly #policy: PlacementPolicy
  readonly #tie: TieBreak
  readonly #agreedMs: number
  readonly #justStarted: ReadonlySet<number>
  readonly #specs: ReadonlyMap<number, ServiceSpec>
  readonly #rows = new Map<number, InstanceRow>()
  readonly #carried = new Map<MemberIndex, Carried>()

  constructor(init: {
    readonly hosts: ReadonlyMap<MemberIndex, Host>
    readonly specs: readonly ServiceSpec[]
    readonly instances: readonly InstanceRow[]
    readonly policy: PlacementPolicy
    readonly tie: TieBreak
    readonly agreedMs: number
    /** Keys of copies that were starting a height ago: the measurement may be older than they are. */
    readonly justStarted?: ReadonlySet<number>
  }) {
    this.hosts = init.hosts
    this.#policy = init.policy
    this.#tie = init.tie
    this.#agreedMs = init.agreedMs
    this.#justStarted = init.justStarted ?? new Set()
    this.#specs = new Map(init.specs.map((spec) => [spec.service, spec]))
    for (const row of init.instances) this.#add(row)
  }

  /** All rows, by key. */
  rows(): InstanceRow[] {
    return [...this.#rows.values()].sort((a, b) => instanceKey(a) - instanceKey(b))
  }

  of(service: number): InstanceRow[] {
    return this.rows().filter((row) => row.service === service)
  }

  on(member: MemberIndex): InstanceRow[] {
    return this.rows().filter((row) => row.member === member)
  }

  spec(service: number): ServiceSpec | null {
    return this.#specs.get(service) ?? null
  }

  /** Copies that serve or will: not failed, not on their way out, on a host in service. */
  live(service: number): InstanceRow[] {
    return this.of(service).filter(
      ({ phase, member }) =>
        phase !== 'failed' && phase !== 'leaving' && this.hosts.get(member)?.isUp === true,
    )
  }

  /** Copies on hosts that are out of service. */
  lost(service: number): InstanceRow[] {
    return this.of(service).filter(
      ({ phase, member }) => phase !== 'failed' && this.hosts.get(member)?.isUp !== true,
    )
  }

  /** What counts as used on a host: what it measures or what was promised, whichever is more. */
  used(member: MemberIndex): Needs {
    const measured = this.hosts.get(member)?.measured ?? NOTHING
    const { reserved, unseen, gone } = this.#of(member)
    return most(reserved, plus(minus(measured, gone), unseen))
  }

  /** The same once everything that leaves has left. */
  usedLater(member: MemberIndex): Needs {
    return minus(this.used(member), this.#of(member).leaving)
  }

  /** Use of a host once everything that leaves has left, ‰. */
  utilisation(member: MemberIndex): number {
    return utilisation(this.usedLater(member), this.hosts.get(member)?.capacity ?? NOTHING)
  }

  /** Whether a host may get a copy of a service, but for its room. */
  isAllowed(spec: ServiceSpec, host: Host, moving: InstanceRow | null = null): boolean {
    if (!host.isOpen || (spec.tier !== 'any' && spec.tier !== host.tier)) return false
    if (this.#rows.has(instanceKey({ service: spec.service, member: host.member }))) return false
    if (spec.spread === 'node') return true
    return this.of(spec.service).every(
      ({ member, phase }) =>
        phase === 'failed' ||
        member === moving?.member ||
        this.hosts.get(member)?.isUp !== true ||
        this.hosts.get(member)?.region !== host.region,
    )
  }

  /** Whether a host has room for a copy, the reserve for more urgent services left free. */
  hasRoom(spec: ServiceSpec, host: Host): boolean {
    return fitsInto(plus(this.used(host.member), spec.needs), host.capacity, this.usable(spec))
  }

  /** Hosts that may get a copy and have room for it: the trusted ones, or all where none of them is trusted. */
  feasible(spec: ServiceSpec, moving: InstanceRow | null = null): Candidate[] {
    const all = [...this.hosts.values()].flatMap((host): Candidate[] => {
      if (!this.isAllowed(spec, host, moving) || !this.hasRoom(spec, host)) return []
      const { copies, load } = this.#of(host.member)
      return [{ host, used: this.used(host.member), copies, load }]
    })
    const trusted = all.filter(({ host }) => host.isTrusted)
    return trusted.length > 0 ? trusted : all
  }

  /** The host that the strategy prefers, or null. */
  choose(spec: ServiceSpec, strategy: StrategyName, moving: InstanceRow | null = null): Host | null {
    if (this.#rows.size >= INSTANCES_MAX) return null
    return chooseHost(strategy, this.feasible(spec, moving), spec, this.#tie)
  }

  get isTableFull(): boolean {
    return this.#rows.size >= INSTANCES_MAX
  }

  tie(service: number, member: MemberIndex): string {
    return this.#tie(service, member)
  }

  place(spec: ServiceSpec, member: MemberIndex): void {
    const { service } = spec
    const sinceMs = this.#agreedMs
    this.#add({ service, member, phase: 'starting', sinceMs, load: 0, target: NO_SEAT })
  }

  /** The copy stays until its successor runs. */
  move(row: InstanceRow, target: MemberIndex): void {
    const spec = this.spec(row.service)
    if (spec === null) return
    this.#take(row)
    this.#add({ ...row, phase: 'leaving', target })
    this.place(spec, target)
  }

  /** A copy that was leaving goes on where it is. */
  stay(row: InstanceRow): void {
    this.#take(row)
    this.#add({ ...row, phase: 'running', target: NO_SEAT })
  }

  remove(row: InstanceRow): void {
    this.#take(row)
    if (row.phase === 'failed' || this.#isUnseen(row)) return
    const carried = this.#of(row.member)
    carried.gone = plus(carried.gone, this.#needs(row))
  }

  /** Whether some host could take a copy if it were empty. */
  couldEverFit(spec: ServiceSpec): boolean {
    if (this.hosts.size === 0) return true
    return [...this.hosts.values()].some(
      ({ tier, capacity }) =>
        (spec.tier === 'any' || spec.tier === tier) && fitsInto(spec.needs, capacity, this.usable(spec)),
    )
  }

  /** Part of a host that a service may fill, ‰. */
  usable({ priority }: ServiceSpec): number {
    return 1000 - Math.floor((this.#policy.reserve * (PRIORITY_MAX - priority)) / PRIORITY_MAX)
  }

  #isUnseen(row: InstanceRow): boolean {
    return row.phase === 'starting' || this.#justStarted.has(instanceKey(row))
  }

  #needs({ service }: InstanceRow): Needs {
    return this.#specs.get(service)?.needs ?? NOTHING
  }

  #of(member: MemberIndex): Carried {
    let carried = this.#carried.get(member)
    if (carried === undefined) {
      carried = { reserved: NOTHING, unseen: NOTHING, gone: NOTHING, leaving: NOTHING, copies: 0, load: 0 }
      this.#carried.set(member, carried)
    }
    return carried
  }

  #add(row: InstanceRow): void {
    this.#rows.set(instanceKey(row), row)
    this.#count(row, 1, plus)
  }

  #take(row: InstanceRow): void {
    this.#rows.delete(instanceKey(row))
    this.#count(row, -1, minus)
  }

  #count(row: InstanceRow, sign: 1 | -1, change: typeof plus): void {
    if (row.phase === 'failed') return
    const carried = this.#of(row.member)
    const needs = this.#needs(row)
    carried.reserved = change(carried.reserved, needs)
    if (this.#isUnseen(row)) carried.unseen = change(carried.unseen, needs)
    if (row.phase === 'leaving') carried.leaving = change(carried.leaving, needs)
    carried.copies += sign
    carried.load += sign * row.load
  }
}
