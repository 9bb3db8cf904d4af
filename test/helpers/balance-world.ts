import { Random } from '../../src/faults/random.ts'
import { leastConnections, mostFree, nextInTurn, powerOfTwo } from '../../src/services/placement/balancers.ts'
import type { Backend, Turns } from '../../src/services/placement/balancers.ts'
import type { BalancerTable } from '../../src/services/sentinel/policy.ts'
import { CELLS, cellOf, leastCost, unitOf } from '../../src/services/sentinel/policy.ts'

/** A request: when it comes, ms, and how much work it is. */
export interface Request {
  readonly atMs: number
  readonly work: number
}

export const BALANCERS = [
  'weighted round robin',
  'least connections',
  'power of two',
  'resource-aware',
  'learned alone',
  'learned, by rule in doubt',
] as const
export type Balancer = (typeof BALANCERS)[number]

export interface BalanceOutcome {
  /** Response times, ms. */
  readonly meanMs: number
  readonly p95Ms: number
  /** Requests answered per second until the last one arrives. */
  readonly throughput: number
  /** Joules a request, of machines that take 100 W idle and 200 W busy. */
  readonly energy: number
  /** Of all host-seconds: mean use, and part of them used above 0.7. */
  readonly use: number
  readonly bottleneck: number
}

const SPEEDS = [1, 1, 2, 2, 4, 4]
const GATEWAYS = 3
const STEP_MS = 1000
/** Cells that training has seen less often say nothing. */
const VISITS_MIN = 30

interface Hosts {
  readonly freeAt: number[]
  /** Work of others, part of the host. */
  readonly others: number[]
  readonly busyMs: number[]
  /** Agreed use, ‰: that of the second before. */
  readonly use: number[]
}

/** Chooses for a gateway, and learns from what it chose. */
type Choose = (backends: readonly Backend[], random: Random) => number

/**
 * Requests over six hosts of three sizes, by gateways that know their own connections alone, and the use that was agreed a second
 * ago. Hosts serve in order; others' work on them wanders.
 *
 * @param load part of all capacity that the requests would fill on average
 * @param seen told each choice and what it cost, ms
 */
export function serve(
  requests: readonly Request[],
  load: number,
  seed: number,
  choose: Choose,
  seen: (backend: Backend, unit: number, tookMs: number) => void = () => undefined,
): BalanceOutcome {
  const random = new Random(seed)
  const first = requests[0]?.atMs ?? 0
  const lengthMs = (requests.at(-1)?.atMs ?? 0) - first
  const total = requests.reduce((sum, { work }) => sum + work, 0)
  // others take 0.2 on average
  const unitRate = total / (load * 0.8 * lengthMs * SPEEDS.reduce((sum, speed) => sum + speed, 0))
  const none = (): number[] => SPEEDS.map(() => 0)
  const hosts: Hosts = { freeAt: none(), others: none().map(() => 0.2), busyMs: none(), use: none() }
  const open = Array.from({ length: GATEWAYS }, () => SPEEDS.map((): number[] => []))
  const took: number[] = []
  const seconds = { count: 0, use: 0, full: 0 }
  let stepAt = first
  for (const { atMs, work } of requests) {
    for (; stepAt + STEP_MS <= atMs; stepAt += STEP_MS) passSecond(hosts, stepAt, random, seconds)
    const own = open[random.int(0, GATEWAYS - 1)] ?? []
    const backends = SPEEDS.map((speed, member): Backend => {
      const left = (own[member] ?? []).filter((end) => end > atMs)
      own[member] = left
      return { member, weight: 100 * speed, connections: left.length, use: hosts.use[member] ?? 0 }
    })
    const chosen = choose(backends, random)
    const rate = unitRate * (SPEEDS[chosen] ?? 1) * (1 - (hosts.others[chosen] ?? 0))
    const end = Math.max(atMs, hosts.freeAt[chosen] ?? 0) + work / rate
    hosts.freeAt[chosen] = end
    own[chosen]?.push(end)
    took.push(end - atMs)
    const backend = backends[chosen]
    if (backend !== undefined) seen(backend, unitOf(backends), end - atMs)
  }
  const sorted = took.toSorted((a, b) => a - b)
  const last = requests.at(-1)?.atMs ?? 0
  const done = requests.filter(({ atMs }, i) => atMs + (took[i] ?? 0) <= last).length
  const use = seconds.use / seconds.count
  return {
    meanMs: took.reduce((sum, ms) => sum + ms, 0) / took.length,
    p95Ms: sorted[Math.floor(0.95 * sorted.length)] ?? 0,
    throughput: (1000 * done) / lengthMs,
    energy: (SPEEDS.length * (100 + 100 * use) * lengthMs) / 1000 / Math.max(1, done),
    use,
    bottleneck: seconds.full / seconds.count,
  }
}

function passSecond(
  { freeAt, others, use }: Hosts,
  atMs: number,
  random: Random,
  seconds: { count: number; use: number; full: number },
): void {
  for (const member of SPEEDS.keys()) {
    const busy = Math.min(1, Math.max(0, ((freeAt[member] ?? 0) - atMs) / STEP_MS))
    const other = others[member] ?? 0
    const now = other + (1 - other) * busy
    use[member] = Math.floor(1000 * now)
    seconds.count += 1
    seconds.use += now
    seconds.full += now > 0.7 ? 1 : 0
    // pulled towards 0.2, kicked now and then
    const next = other + 0.05 * (0.2 - other) + (random.fraction() - 0.5) * 0.1
    others[member] = Math.min(0.9, Math.max(0, random.chance(0.01) ? random.fraction() * 0.9 : next))
  }
}

export function chooserOf(name: Balancer, table: BalancerTable): Choose {
  let turns: Turns = new Map()
  switch (name) {
    case 'weighted round robin':
      return (backends) => {
        const next = nextInTurn(backends, turns)
        turns = next?.turns ?? turns
        return next?.chosen ?? 0
      }
    case 'least connections':
      return (backends) => leastConnections(backends) ?? 0
    case 'power of two':
      return (backends, random) => powerOfTwo(backends, [random.u32(), random.u32()]) ?? 0
    case 'resource-aware':
      return (backends) => mostFree(backends) ?? 0
    case 'learned alone':
      return (backends) => cheapest(table.costs, backends)
    case 'learned, by rule in doubt':
      return (backends) => leastCost(table, backends) ?? 0
  }
}

/** The table after so many passes over the requests, each choice in ten by chance: a bandit with one arm for each cell. */
export function train(requests: readonly Request[], loads: readonly number[], passes: number): BalancerTable {
  const sums = Array.from({ length: CELLS }, () => 0)
  const visits = Array.from({ length: CELLS }, () => 0)
  const costs = (): number[] =>
    sums.map((sum, i) => {
      const seen = visits[i] ?? 0
      return seen < VISITS_MIN ? 0 : Math.min(0xffff, Math.max(1, Math.round(sum / seen)))
    })
  for (let pass = 0; pass < passes; pass += 1)
    for (const load of loads) {
      const known = costs()
      const choose: Choose = (backends, random) =>
        random.chance(0.1) ? random.int(0, backends.length - 1) : cheapest(known, backends)
      serve(requests, load, 1_000_000 + pass, choose, (backend, unit, tookMs) => {
        const cell = cellOf(backend, unit)
        // what was learned under earlier tables fades
        if ((visits[cell] ?? 0) >= 2000) {
          visits[cell] = 1000
          sums[cell] = (sums[cell] ?? 0) / 2
        }
        visits[cell] = (visits[cell] ?? 0) + 1
        sums[cell] = (sums[cell] ?? 0) + tookMs
      })
    }
  return { costs: costs() }
}

/** The first of those that cost least; a cell that says nothing costs nothing. */
function cheapest(costs: readonly number[], backends: readonly Backend[]): number {
  const unit = unitOf(backends)
  const said = backends.map((backend) => costs[cellOf(backend, unit)] ?? 0)
  return said.indexOf(Math.min(...said))
}
