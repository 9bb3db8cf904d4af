import type { MemberIndex } from '../../types/ids.ts'
import type { FoldContext } from '../slice.ts'
import { byUrgency, isDue } from './admission.ts'
import type { InstanceRow, MoveRow, PlacementPolicy, ServiceRow } from './codec.ts'
import { fitsInto, minus, plus, utilisation } from './hosts.ts'
import type { Plan } from './plan.ts'

/** Moves that are left, and those made. */
export class Budget {
  readonly rows: MoveRow[]
  count: number
  readonly #atMs: number
  readonly #movesMax: number

  /** @param before moves of heights before; those that the window has left behind no longer count */
  constructor(before: readonly MoveRow[], count: number, { agreedMs }: FoldContext, policy: PlacementPolicy) {
    this.rows = before.filter(({ atMs }) => atMs + policy.windowMs > agreedMs)
    this.count = count
    this.#atMs = agreedMs
    this.#movesMax = policy.movesMax
  }

  get isSpent(): boolean {
    return this.rows.length >= this.#movesMax
  }

  spend(): void {
    this.count += 1
    this.rows.push({ move: this.count, atMs: this.#atMs })
  }
}

/** All moves of a height, most needed first: away from who drains, from who has too much, from who is too full. */
export function makeMoves(
  plan: Plan,
  budget: Budget,
  services: readonly ServiceRow[],
  context: FoldContext,
  policy: PlacementPolicy,
): void {
  drain(plan, budget, services, policy)
  relieve(plan, budget, services, policy)
  if (isDue(context, policy.actMs)) evenOut(plan, budget, context, policy)
}

/** Copies that could move: none of their service is on its way. */
function movable(plan: Plan, member: MemberIndex): InstanceRow[] {
  return plan
    .on(member)
    .filter(({ phase }) => phase === 'starting' || phase === 'running')
    .filter(({ service }) => plan.of(service).every(({ phase }) => phase !== 'leaving'))
}

function moveByStrategy(plan: Plan, budget: Budget, row: InstanceRow, policy: PlacementPolicy): boolean {
  const spec = plan.spec(row.service)
  const target = spec === null || budget.isSpent ? null : plan.choose(spec, policy.strategy, row)
  if (target === null) return false
  plan.move(row, target.member)
  budget.spend()
  return true
}

function drain(plan: Plan, budget: Budget, services: readonly ServiceRow[], policy: PlacementPolicy): void {
  const order = new Map(byUrgency(services).map(({ service }, i) => [service, i]))
  const rows = [...plan.hosts.values()]
    .filter((host) => host.isUp && host.isDraining)
    .flatMap((host) => plan.on(host.member))
    .sort((a, b) => (order.get(a.service) ?? 0) - (order.get(b.service) ?? 0))
  for (const row of rows)
    if (movable(plan, row.member).includes(row)) moveByStrategy(plan, budget, row, policy)
}

/**
 * A host that has less than it has promised gives away copies, least urgent first, until the rest fits. Where no other host
 * has room, copies above the fewest of their service go. What is left stays: a full host is better than no service.
 */
function relieve(plan: Plan, budget: Budget, services: readonly ServiceRow[], policy: PlacementPolicy): void {
  const rows = new Map(services.map((row) => [row.service, row]))
  const patience = new Map(byUrgency(services).map(({ service }, i) => [service, -i]))
  for (const host of plan.hosts.values()) {
    if (!host.isUp || !host.isFresh) continue
    const isOver = (): boolean => !fitsInto(plan.usedLater(host.member), host.capacity)
    const byPatience = movable(plan, host.member).sort(
      (a, b) => (patience.get(a.service) ?? 0) - (patience.get(b.service) ?? 0),
    )
    for (const row of byPatience) {
      if (!isOver()) break
      if (budget.isSpent || moveByStrategy(plan, budget, row, policy)) continue
      const spare = plan.live(row.service).length - (rows.get(row.service)?.copiesMin ?? 0)
      if (spare > 0) plan.remove(row)
    }
  }
}

interface Step {
  readonly row: InstanceRow
  readonly target: MemberIndex
  /** Use of the fuller of the two hosts afterwards, ‰. */
  readonly worst: number
}

/**
 * From the fullest host above the threshold the step after which the fuller of its two ends is least full, as long as that
 * gains more than the hysteresis. Each step lowers the fuller end below what it was, so the steps end.
 */
function evenOut(plan: Plan, budget: Budget, context: FoldContext, policy: PlacementPolicy): void {
  const given = new Set<MemberIndex>()
  while (!budget.isSpent && !plan.isTableFull) {
    const [fullest] = [...plan.hosts.values()]
      .filter(({ isUp, isFresh, member }) => isUp && isFresh && !given.has(member))
      .map(({ member }) => ({ member, use: plan.utilisation(member) }))
      .filter(({ use }) => use > policy.threshold)
      .sort((a, b) => b.use - a.use || a.member - b.member)
    if (fullest === undefined) return
    const step = bestStep(plan, fullest.member, context, policy)
    if (step === null || fullest.use - step.worst <= policy.hysteresis) {
      given.add(fullest.member)
      continue
    }
    plan.move(step.row, step.target)
    budget.spend()
  }
}

function bestStep(
  plan: Plan,
  from: MemberIndex,
  { agreedMs }: FoldContext,
  { settleMs }: PlacementPolicy,
): Step | null {
  const source = plan.hosts.get(from)
  let best: Step | null = null
  for (const row of movable(plan, from)) {
    const spec = plan.spec(row.service)
    if (source === undefined || spec === null) continue
    if (row.phase !== 'running' || row.sinceMs + settleMs > agreedMs) continue
    const left = utilisation(minus(plan.usedLater(from), spec.needs), source.capacity)
    for (const { host, used } of plan.feasible(spec, row)) {
      const worst = Math.max(left, utilisation(plus(used, spec.needs), host.capacity))
      const step = { row, target: host.member, worst }
      if (best === null || isBetter(plan, step, best)) best = step
    }
  }
  return best
}

function isBetter(plan: Plan, a: Step, b: Step): boolean {
  if (a.worst !== b.worst) return a.worst < b.worst
  return plan.tie(a.row.service, a.target) < plan.tie(b.row.service, b.target)
}
