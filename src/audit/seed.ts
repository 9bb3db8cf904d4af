import { AbiCoder } from 'ethers'
import { keccak } from '../codec/hex.ts'
import type { EventArgs, TaskHistory } from '../ports/chain-history.ts'
import type { Digest, Hex } from '../types/ids.ts'
import type { Bench } from './judge.ts'
import type { PublishedTask } from './task.ts'

/** Seed and name of a cluster, as far as they could be recomputed. */
export interface NamedCluster {
  readonly id: Digest
  readonly seed: Digest
}

/**
 * The seed follows from a block's hash, the cluster's name from the seed: `keccak(abi.encode(taskId, paramsHash,
 * snapshotHash, seed))`. The board's stored name says which of three is wrong.
 */
export function checkSeed(
  bench: Bench,
  { blockHashes, views, expected }: TaskHistory,
  task: PublishedTask,
  args: EventArgs['ClusterFormed'],
  snapshotHash: Digest,
): NamedCluster {
  const nameOf = (seed: Digest): Digest =>
    hashOf(['uint256', 'bytes32', 'bytes32', 'bytes32'], [task.taskId, task.paramsHash, snapshotHash, seed])
  const seedBlock = BigInt(task.params.joinDeadline) + expected.reorgDepth
  const hash = blockHashes.get(seedBlock)
  const seed = hash === undefined ? null : hashOf(['bytes32', 'uint256'], [hash, task.taskId])
  const fits = nameOf(args.seed) === args.cluster
  const isStored = views.task.cluster === args.cluster
  if (seed === null) bench.missing('ClusterFormed.seed', `the node does not serve seed block ${seedBlock}`)
  if (seed === args.seed || (seed === null && fits)) {
    const id = nameOf(args.seed)
    bench.equal('ClusterFormed.cluster', id, args.cluster, 'hash of task, parameters, members and seed')
    return { id, seed: args.seed }
  }
  if (seed !== null && fits && isStored) {
    const why = `the cluster names seed ${args.seed}`
    bench.mismatch(`block ${seedBlock}.hash`, 'the hash behind the seed', hash ?? '', why)
    return { id: args.cluster, seed: args.seed }
  }
  const blamed = seed !== null || isStored ? 'ClusterFormed.seed' : 'ClusterFormed.cluster'
  const [expectedValue, actual] =
    blamed === 'ClusterFormed.seed'
      ? [seed ?? `the seed in cluster ${args.cluster}`, args.seed]
      : [nameOf(args.seed), args.cluster]
  bench.mismatch(blamed, expectedValue, actual, `keccak(abi.encode(hash of block ${seedBlock}, taskId))`)
  return seed === null
    ? { id: blamed === 'ClusterFormed.seed' ? args.cluster : nameOf(args.seed), seed: args.seed }
    : { id: nameOf(seed), seed }
}

function hashOf(types: readonly string[], values: readonly (bigint | Digest)[]): Digest {
  return keccak(AbiCoder.defaultAbiCoder().encode(types, values) as Hex)
}
