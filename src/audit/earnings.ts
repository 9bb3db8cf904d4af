import type { TaskHistory } from '../ports/chain-history.ts'
import { membersOf } from '../codec/bitmap.ts'
import { weightOf } from '../protocol/quorum.ts'
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
  /** Heights that its signatures cover. */
  readonly heights: number
  readonly reward: bigint
  readonly fees: bigint
  /** A convicted seat is paid nothing. */
  readonly convicted: boolean
  readonly paid: bigint
}

interface Tally {
  /** Heights whose checkpoint the member did not sign. */
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
): readonly Earned[] {
  const tallies = count(params, cluster, batches)
  const last = batches.reduce((sum, { heights }) => sum + heights.length, 0)
  const bench = judge.at('state')
  bench.equal('tally().last', BigInt(last), views.tally.last, 'heights that were found')
  const why = 'counted from the checkpoints'
  return tallies.map(({ missed, feeUnits }, member) => {
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
}

function count(params: TaskParams, cluster: FormedCluster, batches: readonly AnchoredBatch[]): Tally[] {
  const tallies = cluster.members.map((): Tally => ({ missed: 0, feeUnits: 0 }))
  let previous = cluster.block
  for (const { source, coSigned, heights, first, block } of batches) {
    const signers = membersOf(source.args.bitmap)
    tallies.forEach((tally, member) => {
      const isPaid = signers.includes(member) || coSigned.some((one) => one.member === member)
      if (!isPaid) tally.missed += heights.length
    })
    const last = first + heights.length - 1
    const waited = Number(block - previous)
    const ends = last % params.epochHeights === 0 || last === params.heights
    const turn = Math.floor((first - 1) / params.epochHeights) + Math.floor(waited / params.turnBlocks)
    const owner = cluster.members[turn % cluster.members.length]
    const { submitter } = source.args
    const tally = owner === undefined ? undefined : tallies[owner.index]
    const isTurn = submitter === owner?.key || submitter === owner?.operator
    if (isTurn && tally !== undefined && (ends || 2 * waited >= params.stallBlocks))
      tally.feeUnits += weightOf(cluster, signers)
    previous = block
  }
  return tallies
}
