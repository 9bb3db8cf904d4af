import type { TaskHistory } from '../ports/chain-history.ts'
import { membersOf } from '../codec/bitmap.ts'
import { weightOf } from '../protocol/quorum.ts'
import type { Member } from '../types/cluster.ts'
import type { TaskParams } from '../types/task.ts'
import type { AnchoredBatch } from './checkpoints.ts'
import type { FormedCluster } from './cluster.ts'
import type { Ended } from './end.ts'
import type { Judge } from './judge.ts'
import type { Penalty } from './report.ts'

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
  { views }: TaskHistory,
  params: TaskParams,
  cluster: FormedCluster,
  batches: readonly AnchoredBatch[],
  { idle }: Ended,
  penalties: readonly Penalty[],
): Earnings {
  const { tallies, feesDue } = count(params, cluster, batches)
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
  params: TaskParams,
  cluster: FormedCluster,
  batches: readonly AnchoredBatch[],
): { readonly tallies: readonly Tally[]; readonly feesDue: number } {
  const tallies = cluster.members.map((): Tally => ({ missed: 0, feeUnits: 0 }))
  let feesDue = 0
  let previous = cluster.block
  for (const { source, heights, first, block } of batches) {
    const listed = heights.map(({ inputs }) => membersOf(inputs))
    for (const list of listed)
      tallies.forEach((tally, member) => {
        if (!list.includes(member)) tally.missed += 1
      })
    const last = first + heights.length - 1
    const waited = Number(block - previous)
    const isDue =
      last % params.epochHeights === 0 || last === params.heights || 2 * waited >= params.stallBlocks
    if (isDue) feesDue += 1
    const owner = turnOf(params, cluster, first, waited)
    const tally = owner === undefined ? undefined : tallies[owner.index]
    if (isDue && tally !== undefined && source.args.submitter === owner?.key)
      tally.feeUnits += weightOf(cluster, membersOf(source.args.bitmap))
    previous = block
  }
  return { tallies, feesDue }
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
