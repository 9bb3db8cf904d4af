import { AbiCoder } from 'ethers'
import { keccak } from '../codec/hex.ts'
import type { TaskHistory } from '../ports/chain-history.ts'
import type { Digest, Hex } from '../types/ids.ts'
import { seedAt } from '../types/life.ts'
import { isReached } from '../types/moment.ts'
import { momentOf } from './clock.ts'
import { mixHashOf } from './header.ts'
import type { Reconciled } from './reconcile.ts'
import type { PublishedTask } from './task.ts'

/** Seed and name of a cluster, as far as they could be recomputed. */
export interface NamedCluster {
  readonly id: Digest
  readonly seed: Digest
}

/**
 * The seed follows from the mixHash in a block's header, the cluster's name from the seed: `keccak(abi.encode(taskId,
 * paramsHash, snapshotHash, seed))`. The board's stored name says which of three is wrong. The header comes from the node, and
 * from calldata of `form`, which the contract has held against the block's hash.
 */
export function checkSeed(
  { args, bench, call, transactionHash }: Reconciled<'ClusterFormed'>,
  history: TaskHistory,
  task: PublishedTask,
  snapshotHash: Digest,
): NamedCluster {
  const nameOf = (seed: Digest): Digest =>
    hashOf(['uint256', 'bytes32', 'bytes32', 'bytes32'], [task.taskId, task.paramsHash, snapshotHash, seed])
  const { headers, views } = history
  const seedBlock = seedBlockOf(history, task)
  const served = headers.get(seedBlock)
  const proved = call !== null && 'header' in call ? call.header : undefined
  const seedFrom = (header: Hex | undefined): Digest | null => {
    const mixHash = header === undefined ? null : mixHashOf(header)
    return mixHash === null ? null : hashOf(['bytes32', 'uint256'], [mixHash, task.taskId])
  }
  if (served !== undefined && proved !== undefined && served !== proved) {
    const why = `hash of the header of block ${seedBlock}`
    bench.calldata(transactionHash, 'form().header', keccak(served), keccak(proved), why)
  }
  const seed = seedFrom(served ?? proved)
  const fits = nameOf(args.seed) === args.cluster
  const isStored = views.task.cluster === args.cluster
  if (seed === null)
    bench.missing('ClusterFormed.seed', `the node does not serve the header of block ${seedBlock}`)
  if (seed === args.seed || (seed === null && fits)) {
    const id = nameOf(args.seed)
    bench.equal('ClusterFormed.cluster', id, args.cluster, 'hash of task, parameters, members and seed')
    return { id, seed: args.seed }
  }
  if (seed !== null && fits && isStored) {
    const why = `the cluster names seed ${args.seed}`
    bench.mismatch(`block ${seedBlock}.mixHash`, 'the mixHash behind the seed', seed, why)
    return { id: args.cluster, seed: args.seed }
  }
  const blamed = seed !== null || isStored ? 'ClusterFormed.seed' : 'ClusterFormed.cluster'
  const [expectedValue, actual] =
    blamed === 'ClusterFormed.seed'
      ? [seed ?? `the seed in cluster ${args.cluster}`, args.seed]
      : [nameOf(args.seed), args.cluster]
  bench.mismatch(blamed, expectedValue, actual, `keccak(abi.encode(mixHash of block ${seedBlock}, taskId))`)
  return seed === null
    ? { id: blamed === 'ClusterFormed.seed' ? args.cluster : nameOf(args.seed), seed: args.seed }
    : { id: nameOf(seed), seed }
}

/** The first block that reached the seed's moment, of those that were read; the least there can be if none did. */
function seedBlockOf(history: TaskHistory, { params }: PublishedTask): bigint {
  const { headers, expected } = history
  const least = seedAt(params, expected.windows)
  const isFirst = (number: bigint): boolean =>
    isReached(least, momentOf(history, number)) &&
    (number === least.number || momentOf(history, number - 1n).time < least.time)
  return [...headers.keys()].find(isFirst) ?? least.number
}

function hashOf(types: readonly string[], values: readonly (bigint | Digest)[]): Digest {
  return keccak(AbiCoder.defaultAbiCoder().encode(types, values) as Hex)
}
