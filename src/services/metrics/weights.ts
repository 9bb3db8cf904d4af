import type { MemberIndex } from '../../types/ids.ts'
import type { MetricsRow } from './codec.ts'

export interface ResourceWeight {
  readonly member: MemberIndex
  readonly weight: number
}

/**
 * Resource-based weights w = f(BW, CPU, RAM) (paper, section 4): the mean of a node's parts of all bandwidth, cores and
 * memory, in ‰, plus 1, so that every weight is positive. They order placements; they are no votes.
 *
 * @returns one per row, each 1 … 1,001, in the order of the rows
 */
export function resourceWeights(rows: readonly MetricsRow[]): ResourceWeight[] {
  const totalOf = (name: 'throughput' | 'cpu' | 'memory'): number =>
    Math.max(
      1,
      rows.reduce((sum, { capacity }) => sum + capacity[name], 0),
    )
  const [throughput, cpu, memory] = [totalOf('throughput'), totalOf('cpu'), totalOf('memory')]
  return rows.map(({ member, capacity }) => {
    const part = (used: number, total: number): number => Math.floor((1000 * used) / total)
    const sum =
      part(capacity.throughput, throughput) + part(capacity.cpu, cpu) + part(capacity.memory, memory)
    return { member, weight: 1 + Math.floor(sum / 3) }
  })
}
