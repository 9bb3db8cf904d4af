import { Histogram } from '../histogram.ts'
import { breakPoint } from '../queue/break-point.ts'
import { nodesOf } from '../queue/cluster.ts'
import { play } from '../queue/play.ts'
import type { Trace } from '../queue/workload.ts'
import type { Cell } from '../scenario.ts'

const RESOURCES = ['cpu', 'memory', 'network'] as const
type Resource = (typeof RESOURCES)[number]
/** What is made more of, and the name of it. */
const VARIANTS: readonly { readonly name: Resource | 'all'; readonly scaled: readonly Resource[] }[] = [
  ...RESOURCES.map((name) => ({ name, scaled: [name] })),
  { name: 'all', scaled: RESOURCES },
]

/**
 * A cluster whose nodes have `more` of one resource, and of all: how much more throughput within the objective, how much less
 * latency at the throughput at which the plain cluster breaks, and what all gain beyond the sum of each alone.
 */
export function playVertical(
  cell: Cell,
  seed: number,
  trace: Trace,
): { readonly figures: Record<string, number>; readonly latency: Histogram } {
  const plain = breakPoint(cell, seed, trace)
  const load = plain.figures['break_load'] ?? 0
  const cores = coresOf(cell, seed)
  const gains = VARIANTS.map(({ name, scaled }) => {
    const factor = (resource: Resource): number =>
      cell.cluster.scale[resource] * (scaled.includes(resource) ? 1 + cell.vertical.more : 1)
    const scale = { cpu: factor('cpu'), memory: factor('memory'), network: factor('network') }
    const variant = { ...cell, cluster: { ...cell.cluster, scale } }
    const best = breakPoint(variant, seed, trace).figures['goodput'] ?? 0
    // the same requests: a larger cluster is loaded less by them
    const same = { ...cell.workload, load: (load * cores) / coresOf(variant, seed) }
    const there = play({ ...variant, workload: same }, seed, trace).figures
    return {
      name,
      gain: best / (plain.figures['goodput'] ?? 0) - 1,
      latency: (there['latency_mean'] ?? 0) / (plain.figures['latency_mean'] ?? 0) - 1,
    }
  })
  const alone = gains.slice(0, RESOURCES.length).reduce((sum, { gain }) => sum + gain, 0)
  return {
    figures: {
      ...Object.fromEntries(
        gains.flatMap(({ name, gain, latency }) => [
          [`gain_${name}`, gain],
          [`latency_${name}`, latency],
        ]),
      ),
      interaction: (gains.at(-1)?.gain ?? 0) - alone,
    },
    latency: new Histogram().merge(plain.latency),
  }
}

function coresOf({ cluster }: Cell, seed: number): number {
  return nodesOf(cluster, seed).reduce((sum, { cores }) => sum + cores, 0)
}
