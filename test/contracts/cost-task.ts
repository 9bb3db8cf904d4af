/** What the whole life of a task costs in gas, from what its calls cost. */
import type { SIZES } from './costs.ts'
import type { Snapshot } from './costs.ts'

/** Gas of a task of n members: once, per member, per checkpoint, and per height in a checkpoint. */
export interface TaskCost {
  /** publish, form, finalize, and the client's claim. */
  readonly once: number
  /** join, claim, release. */
  readonly perMember: number
  /** A checkpoint that all sign, inputs not published, without its heights. */
  readonly perCheckpoint: number
  readonly perHeight: number
}

/** f(n, ·, ·): a straight line through the checkpoints of 16 and 32 heights. */
export function taskCost({ gas }: Snapshot, n: (typeof SIZES)[number]): TaskCost {
  const of = (name: string): number => gas[name]?.[n] ?? Number.NaN
  const [sixteen, thirtyTwo] = [
    of('checkpoint, 16 heights, all sign'),
    of('checkpoint, 32 heights, all sign'),
  ]
  const perHeight = (thirtyTwo - sixteen) / 16
  return {
    once: of('publish') + of('form') + of('finalize') + of('claim, client'),
    perMember: of('join') + of('claim, member') + of('release'),
    perCheckpoint: sixteen - 16 * perHeight,
    perHeight,
  }
}

/** Gas of a task with this many heights, checkpoints every R of them. */
export function lifeCost(cost: TaskCost, n: number, heights: number, epochHeights: number): number {
  const { once, perMember, perCheckpoint, perHeight } = cost
  return once + n * perMember + Math.ceil(heights / epochHeights) * perCheckpoint + heights * perHeight
}

/** Heights and R of the examples in the docs. */
export const LIVES = [
  { heights: 24, epochHeights: 8 },
  { heights: 1_000, epochHeights: 32 },
  { heights: 65_535, epochHeights: 32 },
] as const
