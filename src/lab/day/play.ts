import { balanceOf } from '../../services/placement/balance.ts'
import type { InstanceRow, Report } from '../../services/placement/codec.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import { policyFor } from '../policy.ts'
import { nodesOf } from '../queue/cluster.ts'
import type { NodeSpec } from '../queue/cluster.ts'
import { Control } from '../queue/control.ts'
import { Machine } from '../queue/node.ts'
import { observationOf, Watch } from '../queue/observe.ts'
import type { Cell } from '../scenario.ts'
import { mean, quantile } from '../statistics/summary.ts'
import type { Trace } from '../queue/workload.ts'
import { machinesOf, SAMPLES } from './demand.ts'
import type { VirtualMachine } from './demand.ts'

/** Time between samples, and so between heights. */
const SAMPLE_MS = 300_000
/** Heights before the day, in which machines are placed at what was ordered. */
const CALM = 6
const EPOCH_MS = 1_700_000_000_000

/**
 * A day of virtual machines under the real control plane, a height for each sample: which node carries which, what moves, and
 * how even the nodes are used. A node gives no more than it has; what is asked for beyond that is not served.
 */
export function playDay(cell: Cell, seed: number, trace: Trace): Record<string, number> {
  const day = new Day(cell, seed, trace)
  for (let height = 1; height <= CALM + SAMPLES; height += 1) day.height(height)
  return day.figures()
}

class Day {
  readonly #nodes: readonly NodeSpec[]
  readonly #machines: readonly Machine[]
  readonly #virtual: readonly VirtualMachine[]
  readonly #control: Control
  readonly #watch: Watch
  /** By service: where it runs. */
  #running = new Map<number, number>()
  /** By sample, then by node: part of its cores that is in use. */
  readonly #uses: number[][] = []
  readonly #moves: number[] = []
  readonly #sums = { asked: 0, served: 0, placed: 0, overloaded: 0 }

  constructor(cell: Cell, seed: number, trace: Trace) {
    this.#nodes = nodesOf(cell.cluster, seed)
    this.#machines = this.#nodes.map((spec) => new Machine(spec, 0))
    const cores = this.#nodes.reduce((sum, node) => sum + node.cores, 0)
    this.#virtual = machinesOf(seed, trace.uses, cores, cell.day)
    this.#control = new Control(
      seed,
      this.#nodes.map(({ weight }) => weight),
      this.#virtual.map((one, i) => ({ spec: specOf(i + 1, one) })),
      policyFor(cell),
    )
    this.#watch = new Watch(this.#nodes.length, 0, cell.mechanisms.detection)
  }

  height(height: number): void {
    const nowMs = height * SAMPLE_MS
    const asked = this.#asked(height)
    this.#machines.forEach((_, member) => this.#watch.heard(member, nowMs))
    const loads = this.#nodes.map(({ cores }, member) => {
      const sum = this.#on(member).reduce((all, service) => all + (asked[service - 1] ?? 0), 0)
      return sum / (100 * cores)
    })
    if (height > CALM) this.#look(asked, loads)
    const inputs = this.#machines.map((_, self) =>
      observationOf({
        self,
        nowMs,
        clockMs: EPOCH_MS + nowMs,
        machines: this.#machines,
        usage: { cpu: Math.min(1, loads[self] ?? 0), disk: 0, memory: 0, served: 0 },
        transactionsMax: 10_000,
        reports: this.#on(self).map((service): Report => ({ service, report: 'running', load: 1 })),
        watch: this.#watch,
      }),
    )
    const next = this.#control.next(new Map(inputs.map((input, self) => [self, input])))
    if (next === null) return
    const before = this.#control.agreed?.placement.moveCount ?? 0
    this.#control.take(next)
    if (height > CALM) this.#moves.push(next.placement.moveCount - before)
    this.#follow(next.placement.instances)
  }

  figures(): Record<string, number> {
    const { asked, served, placed, overloaded } = this.#sums
    const balances = this.#uses.map((uses) => balanceOf(uses.map((use) => Math.round(1_000_000 * use))))
    const lbi = balances.map((one) => one.lbi / 1000).sort((a, b) => a - b)
    const uses = this.#uses.flat().sort((a, b) => a - b)
    return {
      lbi: mean(lbi),
      lbi_p5: quantile(lbi, 0.05),
      cv: mean(balances.map(({ cv }) => cv / 1000)),
      jain: mean(balances.map(({ jain }) => jain / 1000)),
      migrations: this.#moves.reduce((sum, count) => sum + count, 0),
      // moves of a height are within one minute; heights are further apart
      migrations_per_min: Math.max(...this.#moves),
      allocated: placed / (SAMPLES * this.#virtual.length),
      served: served / asked,
      overloaded: overloaded / (SAMPLES * this.#nodes.length),
      cpu_p5: quantile(uses, 0.05),
      cpu_p50: quantile(uses, 0.5),
      cpu_p95: quantile(uses, 0.95),
    }
  }

  /** What each machine asks for at a height, hundredths of a core; before the day what was ordered. */
  #asked(height: number): number[] {
    return this.#virtual.map(({ ordered, demand }) =>
      height <= CALM ? ordered : (demand[height - CALM - 1] ?? 0),
    )
  }

  #on(member: number): number[] {
    return [...this.#running].flatMap(([service, host]) => (host === member ? [service] : []))
  }

  #look(asked: readonly number[], loads: readonly number[]): void {
    this.#uses.push(loads.map((load) => Math.min(1, load)))
    this.#sums.asked += asked.reduce((sum, one) => sum + one, 0)
    this.#sums.served += loads.reduce(
      (sum, load, member) => sum + Math.min(1, load) * 100 * (this.#nodes[member]?.cores ?? 0),
      0,
    )
    this.#sums.placed += this.#running.size
    this.#sums.overloaded += loads.filter((load) => load > 1).length
  }

  /** A machine runs where it was told to, from the next height on. One that moves is where it is going: copying is not modelled. */
  #follow(instances: readonly InstanceRow[]): void {
    const staying = instances.filter(({ phase }) => phase !== 'leaving' && phase !== 'failed')
    this.#running = new Map(staying.map(({ service, member }) => [service, member]))
  }
}

function specOf(service: number, { ordered }: VirtualMachine): ServiceSpec {
  return {
    service,
    kind: 'counter',
    tier: 'any',
    spread: 'node',
    priority: 5,
    copiesMin: 1,
    copiesMax: 1,
    needs: { cpu: ordered, memory: 1, transactions: 1 },
    criticality: 500,
    calls: [0, 0, 0, 0],
  }
}
