import type { HistoryWindows, TaskHistory } from '../ports/chain-history.ts'
import { membersOf } from '../codec/bitmap.ts'
import { weightOf } from '../protocol/quorum.ts'
import type { Member } from '../types/cluster.ts'
import type { Moment } from '../types/moment.ts'
import type { TaskParams } from '../types/task.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import { momentOf } from './clock.ts'
import type { FormedCluster } from './cluster.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import type { Penalty } from './report.ts'
import type { PublishedTask } from './task.ts'

/** Heights that members are paid who were drawn for a task that had been revoked. */
const IDLE_HEIGHTS = 1

/** What a seat has earned, token wei. */
export interface Earned {
  /** Accepted heights in whose list it is. */
  readonly heights: number
  readonly reward: bigint
  readonly fees: bigint
  /** A convicted seat is paid nothing. */
  readonly convicted: boolean
  readonly paid: bigint
}

/** What the accepted heights cost the client, and what of it each seat has earned. */
export interface Earnings {
  /** rewardPerHeight for each accepted height, checkpointFee for each checkpoint for which a fee was due. */
  readonly spent: bigint
  /** By member. */
  readonly seats: readonly Earned[]
}

interface Tally {
  /** Heights whose list leaves the member out. */
  missed: number
  /** Σ weight of the signers of the checkpoints whose fee it earned. */
  feeUnits: number
}

/** Every seat's reward and fees, counted again from the checkpoints; PhaseLog counts the same. */
export function checkEarnings(
  judge: Judge,
  history: TaskHistory,
  { params, block }: PublishedTask,
  cluster: FormedCluster,
  batches: readonly AnchoredBatch[],
  { idle, inTime }: Ended,
  penalties: readonly Penalty[],
): Earnings {
  const { views, expected } = history
  const feesMax = feesMaxOf(params, momentOf(history, block), expected.windows)
  const { tallies, feesDue } = count(history, params, cluster, batches, inTime, feesMax)
  const last = batches.reduce((sum, { heights }) => sum + heights.length, 0)
  const bench = judge.at('state')
  bench.equal('tally().last', BigInt(last), views.tally.last, 'heights that were found')
  const why = 'counted from the checkpoints'
  bench.equal('tally().feesDue', BigInt(feesDue), views.tally.feesDue, why)
  const seats = tallies.map(({ missed, feeUnits }, member) => {
    bench.equal(`tally().missed[${member}]`, BigInt(missed), views.tally.missed[member] ?? '', why)
    bench.equal(`tally().feeUnits[${member}]`, BigInt(feeUnits), views.tally.feeUnits[member] ?? '', why)
    const heights = idle ? IDLE_HEIGHTS : last - missed
    const weight = BigInt(cluster.members[member]?.weight ?? 0)
    const total = BigInt(cluster.totalWeight)
    const reward = (params.rewardPerHeight * BigInt(heights) * weight) / total
    const fees = (params.checkpointFee * BigInt(feeUnits)) / total
    const convicted = penalties.some((one) => one.member === member)
    return { heights, reward, fees, convicted, paid: convicted ? 0n : reward + fees }
  })
  const accepted = BigInt(idle ? IDLE_HEIGHTS : last)
  return { spent: params.rewardPerHeight * accepted + params.checkpointFee * BigInt(feesDue), seats }
}

function count(
  history: TaskHistory,
  params: TaskParams,
  cluster: FormedCluster,
  batches: readonly AnchoredBatch[],
  inTime: number,
  feesMax: number,
): { readonly tallies: readonly Tally[]; readonly feesDue: number } {
  const tallies = cluster.members.map((): Tally => ({ missed: 0, feeUnits: 0 }))
  let feesDue = 0
  let previous = momentOf(history, cluster.block)
  for (const [i, { source, heights, first, block }] of batches.entries()) {
    const listed = heights.map(({ inputs }) => membersOf(inputs))
    for (const list of listed)
      tallies.forEach((tally, member) => {
        if (!list.includes(member)) tally.missed += 1
      })
    const last = first + heights.length - 1
    const at = momentOf(history, block)
    const waited = Number(block - previous.number)
    const isPause =
      i <= inTime &&
      2 * waited >= params.stallBlocks &&
      2 * Number(at.time - previous.time) >= params.stallSeconds
    const isEnd = last % params.epochHeights === 0 || last === params.heights
    const isDue = (isEnd || isPause) && feesDue < feesMax
    if (isDue) feesDue += 1
    const owner = turnOf(params, cluster, first, waited)
    const tally = owner === undefined ? undefined : tallies[owner.index]
    if (isDue && tally !== undefined && source.args.submitter === owner?.key)
      tally.feeUnits += weightOf(cluster, membersOf(source.args.bitmap))
    // late heights prolong nothing
    if (i < inTime) previous = at
  }
  return { tallies, feesDue }
}

/**
 * Checkpoints for which the escrow holds a fee: min(heights, ⌈heights / R⌉ + pauses), where pauses is the larger of
 * ⌊time / ⌈longest silence / 2⌉⌋ in blocks and in seconds.
 *
 * @param published when it was
 */
export function feesMaxOf(params: TaskParams, published: Moment, windows: HistoryWindows): number {
  const blocks = params.endBlock + Number(windows.closeGrace - published.number)
  const seconds = params.endTime + Number(windows.graceSeconds - published.time)
  const fitting = (time: number, silence: number): number => Math.floor(time / Math.ceil(silence / 2))
  const inBlocks = fitting(blocks, params.stallBlocks)
  const pauses =
    params.stallSeconds === 0 ? inBlocks : Math.max(inBlocks, fitting(seconds, params.stallSeconds))
  return Math.min(params.heights, Math.ceil(params.heights / params.epochHeights) + pauses)
}

/** The member whose turn it is so many blocks after the checkpoint before. */
export function turnOf(
  params: TaskParams,
  cluster: FormedCluster,
  first: number,
  waited: number,
): Member | undefined {
  const turn = Math.floor((first - 1) / params.epochHeights) + Math.floor(waited / params.turnBlocks)
  return cluster.members[turn % cluster.members.length]
}
