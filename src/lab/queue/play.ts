import { CALLS_MAX } from '../../services/placement/spec.ts'
import type { ServiceSpec } from '../../services/placement/spec.ts'
import type { Histogram } from '../histogram.ts'
import { policyFor } from '../policy.ts'
import type { Cell } from '../scenario.ts'
import { nodesOf } from './cluster.ts'
import type { NodeSpec } from './cluster.ts'
import { dayLoad } from './day-load.ts'
import { drawFaults } from './faults.ts'
import type { Fault } from './faults.ts'
import { Recorder } from './recorder.ts'
import { arrivals, Demands, meanCpuMs } from './workload.ts'
import type { LoadAt, Trace } from './workload.ts'
import { QueueWorld } from './world.ts'

export interface Played {
  readonly figures: Readonly<Record<string, number>>
  readonly latency: Histogram
  /** Parts of processors in use, by 10 s, then by node. */
  readonly cpuByWindow: readonly (readonly number[])[]
}

const GB = 100

/** One run of the queue model: a cell, a seed. The same for both gives the same figures. */
export function play(
  cell: Cell,
  seed: number,
  trace: Trace,
  changes: { readonly isFaultFree?: boolean } = {},
): Played {
  const { workload, mechanisms, warmup, duration, slo } = cell
  const nodes = nodesOf(cell.cluster, seed)
  const meanMs = meanCpuMs(workload.mix)
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0)
  const measuredMs = 1000 * duration
  const fullRate = cores / meanMs
  const recorder = new Recorder({ p95Ms: slo.p95_ms, errors: slo.errors }, measuredMs)
  const faults = changes.isFaultFree === true ? [] : faultsOf(cell, seed, nodes)
  const world = new QueueWorld({
    seed,
    nodes,
    services: servicesOf(cell, fullRate * workload.load, meanMs),
    balancer: cell.balancer,
    policy: policyFor(cell),
    isDetecting: mechanisms.detection,
    retries: mechanisms.redundancy ? 1 : 0,
    faults,
    arrivals: arrivals(seed, trace, {
      kind: workload.arrivals,
      fullRate,
      ...courseOf(cell, seed, trace),
      untilMs: 1000 * warmup + measuredMs,
    }),
    demands: new Demands(seed, workload.mix, trace),
    warmupMs: 1000 * warmup,
    measuredMs,
    meanCpuMs: meanMs,
    heightCpuMs: cell.height_cpu_ms.fixed + cell.height_cpu_ms.per_member * nodes.length,
    isWeightless: cell.broken === 'weights-ignored',
    recorder,
  })
  world.run()
  return {
    figures: recorder.figures(world.machines, faults),
    latency: recorder.latency,
    cpuByWindow: recorder.cpuByWindow(),
  }
}

/** Load over time, from the begin of the warm-up. */
function courseOf(
  { workload, warmup, duration }: Cell,
  seed: number,
  trace: Trace,
): { readonly loadAt: LoadAt; readonly peak: number } {
  const { load, step, looks } = workload
  const begin = 1000 * warmup
  if (looks !== undefined) {
    const day = dayLoad(seed, trace, load, looks, (1000 * duration) / looks)
    return { ...day, loadAt: (at) => day.loadAt(Math.max(0, at - begin)) }
  }
  if (step === undefined) return { loadAt: () => load, peak: load }
  const stepMs = begin + 1000 * step.at
  return { loadAt: (at) => (at < stepMs ? load : step.load), peak: Math.max(load, step.load) }
}

/** What each copy needs if the fewest copies share the load, four fifths full. */
function servicesOf(
  { services, mechanisms, placement, broken }: Cell,
  ratePerMs: number,
  meanMs: number,
): (ServiceSpec & { readonly share: number })[] {
  return services.map(({ id, copies: [least, most], share, priority, calls, ...spec }) => {
    const copiesMin = mechanisms.redundancy ? Math.max(2, least) : least
    const rate = (1000 * ratePerMs * share) / copiesMin
    const target = (placement.targetLoad ?? 800) / 1000
    return {
      ...spec,
      service: id,
      calls: Array.from({ length: CALLS_MAX }, (_, i) => calls[i] ?? 0),
      share,
      priority: broken === 'shedding-upside-down' ? 10 - priority : priority,
      copiesMin,
      copiesMax: mechanisms.adaptability ? Math.max(copiesMin, most) : copiesMin,
      needs: { cpu: Math.ceil((rate * meanMs) / 10), memory: GB, transactions: Math.ceil(rate / target) },
    }
  })
}

function faultsOf(cell: Cell, seed: number, nodes: readonly NodeSpec[]): Fault[] {
  const listed = cell.faults.map(({ kind, node, at, for: length, drop, slowness }) => ({
    kind,
    node,
    atMs: 1000 * at,
    forMs: 1000 * length,
    loss: drop,
    slowness,
  }))
  const regions = nodes.map(({ region }) => region)
  return [...listed, ...drawFaults(seed, regions, 1000 * cell.duration, cell.random_faults)]
}
