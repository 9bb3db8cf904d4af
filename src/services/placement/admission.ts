import type { FoldContext } from '../slice.ts'
import type { InstanceRow, PlacementPolicy, ServiceRow, Standing } from './codec.ts'
import { fitsInto, minus, NOTHING, plus } from './hosts.ts'
import type { Host } from './hosts.ts'
import type { Plan } from './plan.ts'
import type { Needs, ServiceSpec } from './spec.ts'

/** Order in which services get room: by priority, then by number. */
export function byUrgency<Spec extends ServiceSpec>(services: readonly Spec[]): Spec[] {
  return [...services].sort((a, b) => b.priority - a.priority || a.service - b.service)
}

/** Whether agreed time has passed a multiple of the period since the height before. */
export function isDue({ agreedMs, previousMs }: FoldContext, periodMs: number): boolean {
  return Math.floor(agreedMs / periodMs) > Math.floor(previousMs / periodMs)
}

/**
 * Ends moves: the old copy goes once the new one runs; a new one that is lost gives the old one back.
 *
 * @returns the copies that went, by service
 */
export function settleMoves(plan: Plan): ReadonlyMap<number, InstanceRow> {
  const moved = new Map<number, InstanceRow>()
  for (const row of plan.rows()) {
    if (row.phase !== 'leaving') continue
    const successor = plan.of(row.service).find(({ member }) => member === row.target)
    const hostIsUp = plan.hosts.get(row.target)?.isUp === true
    if (successor?.phase === 'running' && hostIsUp) {
      plan.remove(row)
      moved.set(row.service, row)
    } else if (successor === undefined || successor.phase === 'failed' || !hostIsUp) {
      if (successor !== undefined && successor.phase !== 'failed') plan.remove(successor)
      plan.stay(row)
    }
  }
  return moved
}

/**
 * Copies on hosts that are out of service. A convicted host keeps nothing. A copy on a crashed one goes once another has
 * taken its place, and not before: where there is no room it waits for its host. Of a store another one has taken its place
 * once it runs, which is when it has the data: if most of its hosts come back, their copies are wanted.
 */
export function dropLost(plan: Plan, { service, kind, wanted }: ServiceRow): void {
  const lost = plan.lost(service)
  for (const row of lost) if (plan.hosts.get(row.member)?.verdict === 'byzantine') plan.remove(row)
  const others = plan.live(service).filter(({ phase }) => kind !== 'store' || phase === 'running')
  const spare = others.length + plan.lost(service).length - wanted
  for (const row of plan.lost(service).slice(0, Math.max(0, spare))) plan.remove(row)
}

/** Every service gets its fewest copies, most urgent first, for which less urgent ones give up copies above theirs. */
export function admit(plan: Plan, services: readonly ServiceRow[], policy: PlacementPolicy): void {
  for (const row of byUrgency(services))
    while (plan.live(row.service).length < row.copiesMin)
      if (!placeOne(plan, row, policy) && !shedFor(plan, row, services)) break
}

/** Every service gets the copies that it wants, as far as there is room. */
export function fill(plan: Plan, services: readonly ServiceRow[], policy: PlacementPolicy): void {
  for (const row of byUrgency(services))
    while (plan.live(row.service).length < row.wanted) if (!placeOne(plan, row, policy)) break
}

function placeOne(plan: Plan, spec: ServiceSpec, { strategy }: PlacementPolicy): boolean {
  const host = plan.choose(spec, strategy)
  if (host === null) return false
  plan.place(spec, host.member)
  return true
}

/** Copies that a service may lose: those above its fewest, of services that are less urgent. Least urgent first. */
function sheddable(plan: Plan, services: readonly ServiceRow[], priority: number): InstanceRow[] {
  return byUrgency(services)
    .reverse()
    .filter((row) => row.priority < priority)
    .flatMap((row) => plan.live(row.service).slice(row.copiesMin))
}

/**
 * Makes room for one copy: on the host where the fewest copies of less urgent services have to go.
 *
 * @returns whether there is room now
 */
function shedFor(plan: Plan, spec: ServiceSpec, services: readonly ServiceRow[]): boolean {
  const extras = sheddable(plan, services, spec.priority)
  if (plan.isTableFull) {
    const [first] = extras
    if (first !== undefined) plan.remove(first)
    return first !== undefined
  }
  let best: readonly InstanceRow[] | null = null
  for (const host of plan.hosts.values()) {
    if (!plan.isAllowed(spec, host)) continue
    const victims = victimsOn(plan, spec, host, extras)
    if (victims !== null && (best === null || victims.length < best.length)) best = victims
  }
  best?.forEach((row) => {
    plan.remove(row)
  })
  return best !== null
}

/** Copies on the host that have to go for the new one to fit; null: even all of them are too few. */
function victimsOn(
  plan: Plan,
  spec: ServiceSpec,
  host: Host,
  extras: readonly InstanceRow[],
): readonly InstanceRow[] | null {
  const victims: InstanceRow[] = []
  let freed: Needs = NOTHING
  const fits = (): boolean =>
    fitsInto(plus(minus(plan.used(host.member), freed), spec.needs), host.capacity, plan.usable(spec))
  for (const row of extras) {
    if (fits()) break
    if (row.member !== host.member) continue
    victims.push(row)
    freed = plus(freed, plan.spec(row.service)?.needs ?? NOTHING)
  }
  return fits() ? victims : null
}

/**
 * Copies that the demand asks for: as many as keep each at `targetLoad` of what it can carry. Hosts that say nothing keep
 * their last figure.
 */
export function wantedCopies(plan: Plan, row: ServiceRow, { targetLoad }: PlacementPolicy): number {
  const load = plan.of(row.service).reduce((sum, one) => sum + (one.phase === 'failed' ? 0 : one.load), 0)
  const each = row.needs.transactions * targetLoad
  const copies = each === 0 ? row.copiesMin : Math.ceil((load * 1000) / each)
  return Math.min(row.copiesMax, Math.max(row.copiesMin, copies))
}

/**
 * Takes one copy from a service that has more than it wants: the one on the fullest host, never the primary while another
 * is there. Nothing goes while the host of a copy has not spoken lately: what it carries is not known.
 */
export function shrink(plan: Plan, row: ServiceRow): void {
  const live = plan.live(row.service)
  const all = plan.of(row.service).filter(({ phase }) => phase !== 'failed')
  if (live.length <= row.wanted || live.length !== all.length) return
  const isKnown = live.every(
    ({ member, phase }) => phase === 'running' && plan.hosts.get(member)?.metrics.age === 0,
  )
  if (!isKnown) return
  const [fullest] = live
    .filter(({ member }) => member !== row.primary)
    .sort((a, b) => plan.utilisation(b.member) - plan.utilisation(a.member) || a.member - b.member)
  if (fullest !== undefined) plan.remove(fullest)
}

export function standingOf(plan: Plan, row: ServiceRow): Standing {
  const live = plan.live(row.service).length
  if (live >= row.wanted) return 'placed'
  if (live >= row.copiesMin) return 'short'
  return plan.couldEverFit(row) ? 'full' : 'unfit'
}
