import { Histogram } from '../histogram.ts'
import { breakPoint } from '../queue/break-point.ts'
import { nodesOf } from '../queue/cluster.ts'
import { HEIGHT_MS } from '../queue/control.ts'
import type { Trace } from '../queue/workload.ts'
import type { Cell } from '../scenario.ts'
import { fitUsl } from '../statistics/usl.ts'

/**
 * The highest throughput within the objective for clusters of one size after the other, all made of the same nodes: against the
 * first, for each node, and how the universal scalability law fits (N in first sizes). No fit, no sigma and kappa.
 */
export function playScaling(
  cell: Cell,
  seed: number,
  trace: Trace,
): { readonly figures: Record<string, number>; readonly latency: Histogram } {
  const latency = new Histogram()
  const points = cell.scaling.nodes.map((nodes) => {
    const one = { ...cell, cluster: { ...cell.cluster, nodes } }
    const played = breakPoint(one, seed, trace)
    latency.merge(played.latency)
    return { nodes, throughput: played.figures['goodput'] ?? 0, share: coordination(one, seed) }
  })
  const first = points[0] ?? { nodes: 1, throughput: 0 }
  const usl = fitUsl(
    points.flatMap(({ nodes, throughput }) =>
      throughput > 0 ? [[nodes / first.nodes, throughput] as const] : [],
    ),
  )
  const figures = points.flatMap(({ nodes, throughput, share }) => {
    const gain = throughput / first.throughput
    return [
      [`throughput_${nodes}`, throughput],
      [`gain_${nodes}`, gain],
      [`efficiency_${nodes}`, (gain * first.nodes) / nodes],
      [`coordination_${nodes}`, share],
    ] as const
  })
  return {
    figures: {
      ...Object.fromEntries(figures),
      sigma: usl?.sigma ?? Number.NaN,
      kappa: usl?.kappa ?? Number.NaN,
    },
    latency,
  }
}

/** Part of all processors that heights take. */
function coordination({ cluster, height_cpu_ms }: Cell, seed: number): number {
  const nodes = nodesOf(cluster, seed)
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0)
  const heightMs = height_cpu_ms.fixed + height_cpu_ms.per_member * nodes.length
  return (nodes.length * heightMs) / (cores * HEIGHT_MS)
}
