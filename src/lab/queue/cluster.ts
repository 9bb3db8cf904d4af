import type { Tier } from '../../services/placement/spec.ts'
import { stream } from '../draw.ts'

/** A node of the model. */
export interface NodeSpec {
  readonly name: string
  readonly tier: Tier
  /** Racks fail together. */
  readonly region: number
  readonly cores: number
  readonly memoryMb: number
  /** Disk operations per second. */
  readonly iops: number
  /** Between gateway and node, there and back. */
  readonly rttMs: number
  /** Seat weight in votes. */
  readonly weight: number
}

export const CLUSTERS = ['C10', 'even', 'telecom-5'] as const
export type ClusterName = (typeof CLUSTERS)[number]

export interface ClusterSpec {
  readonly preset: ClusterName
  /** As many nodes, the preset's again and again; absent: the preset. */
  readonly nodes?: number | undefined
  /** Link latencies of telecom-5: the document has two tables. */
  readonly links: 'A' | 'B'
  /** Parts of what the preset has, for vertical scaling. */
  readonly scale: { readonly cpu: number; readonly memory: number; readonly network: number }
}

const C10 = [4, 4, 8, 8, 8, 8, 16, 16, 32, 32]
const EVEN = Array.from({ length: 10 }, () => 12)
const MEMORY_MB_PER_CORE = 4096
const IOPS_PER_CORE = 500
/** Round trips within a region where no table gives them. */
const RTT_MS = { min: 1, max: 10 }

interface Telecom {
  readonly name: string
  readonly tier: Tier
  readonly memoryMb: number
  /** Transactions per second that the document gives it; a core for 25. */
  readonly transactions: number
  readonly rttMs: { readonly A: number; readonly B: number }
}

/** Nodes and links of the document: latency by node (A), and to its nearest core node by the other table (B). */
const TELECOM: readonly Telecom[] = [
  { name: 'Edge1', tier: 'edge', memoryMb: 8192, transactions: 150, rttMs: { A: 8, B: 12 } },
  { name: 'Edge2', tier: 'edge', memoryMb: 4608, transactions: 100, rttMs: { A: 8, B: 13 } },
  { name: 'Core1', tier: 'core', memoryMb: 12_288, transactions: 250, rttMs: { A: 8, B: 12 } },
  { name: 'Core2', tier: 'core', memoryMb: 10_240, transactions: 200, rttMs: { A: 10, B: 13 } },
  { name: 'Cloud1', tier: 'cloud', memoryMb: 16_384, transactions: 300, rttMs: { A: 22, B: 22 } },
]
const TRANSACTIONS_PER_CORE = 25

/** The nodes of a cluster. @param seed draws round trips where no table gives them */
export function nodesOf({ preset, nodes, links, scale }: ClusterSpec, seed: number): NodeSpec[] {
  const base = preset === 'telecom-5' ? telecom(links) : plain(preset === 'C10' ? C10 : EVEN, seed)
  return Array.from({ length: nodes ?? base.length }, (_, i) => {
    const one = base[i % base.length] as NodeSpec
    const copy = Math.floor(i / base.length)
    return {
      ...one,
      name: copy === 0 ? one.name : `${one.name}.${copy + 1}`,
      cores: Math.max(1, Math.round(one.cores * scale.cpu)),
      memoryMb: one.memoryMb * scale.memory,
      rttMs: one.rttMs / scale.network,
    }
  })
}

function telecom(links: 'A' | 'B'): NodeSpec[] {
  return TELECOM.map(({ name, tier, memoryMb, transactions, rttMs }, region) => {
    const cores = transactions / TRANSACTIONS_PER_CORE
    return {
      name,
      tier,
      region,
      cores,
      memoryMb,
      iops: IOPS_PER_CORE * cores,
      rttMs: rttMs[links],
      weight: 1,
    }
  })
}

function plain(cores: readonly number[], seed: number): NodeSpec[] {
  const random = stream(seed, 'round trips')
  return cores.map((count, i) => ({
    name: `node${i + 1}`,
    tier: 'core',
    // two to a rack
    region: i >> 1,
    cores: count,
    memoryMb: MEMORY_MB_PER_CORE * count,
    iops: IOPS_PER_CORE * count,
    rttMs: random.int(RTT_MS.min, RTT_MS.max),
    weight: 1,
  }))
}
