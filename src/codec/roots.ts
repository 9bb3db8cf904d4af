import { AbiCoder } from 'ethers'
import type { Cluster, Member } from '../types/cluster.ts'
import type { Address, Digest, Hex, MemberIndex } from '../types/ids.ts'
import { concatHex, hashInput, keccak, uint, utf8Hex } from './hex.ts'

/** `root_0 = keccak("RSDP3.root" ‖ cluster)`. */
export function rootStart(cluster: Digest): Digest {
  return keccak(concatHex(utf8Hex('RSDP3.root'), cluster))
}

/** `root_h = keccak(root_{h−1} ‖ value_h)`: cumulative, so it never depends on where batches are cut. */
export function appendRoot(root: Digest, value: Digest): Digest {
  return hashInput().hex(root).hex(value).hash()
}

/** Members as the contract stores them: `address key ‖ address operator ‖ u16 weight` each. */
export function encodeSnapshot(members: readonly Omit<Member, 'index'>[]): Hex {
  return concatHex(...members.flatMap((member) => [member.key, member.operator, uint(member.weight, 2)]))
}

/** Name of a cluster: binds task, parameters, members and seed into every signature. */
export function clusterId(taskId: bigint, paramsHash: Digest, snapshot: Hex, seed: Digest): Digest {
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['uint256', 'bytes32', 'bytes32', 'bytes32'],
    [taskId, paramsHash, keccak(snapshot), seed],
  )
  return keccak(encoded as Hex)
}

/** What a sign-up agrees to, as far as it is not the same for every task of a deployment. */
export interface Terms {
  readonly client: Address
  /** `keccak(abi.encode(TaskParams))`. */
  readonly paramsHash: Digest
  /** Code hash of the twin at `publish`; 32 zero bytes without a twin. */
  readonly twinCodeHash: Digest
}

/** What `join` binds a sign-up to: this task of this client, with these parameters and this twin, on this board. */
export function termsHash(chainId: bigint, board: Address, taskId: bigint, terms: Terms): Digest {
  const { client, paramsHash, twinCodeHash } = terms
  const encoded = AbiCoder.defaultAbiCoder().encode(
    ['uint256', 'address', 'uint256', 'address', 'bytes32', 'bytes32'],
    [chainId, board, taskId, client, paramsHash, twinCodeHash],
  )
  return keccak(encoded as Hex)
}

const ordersKnown = new WeakMap<Cluster, readonly MemberIndex[]>()

/**
 * Members ordered by `keccak(seed ‖ key)`: nobody can choose a place in it, since the seed comes after sign-up. Computed
 * once per cluster object: whoever has evidence asks with every block.
 */
export function seededOrder(cluster: Cluster): readonly MemberIndex[] {
  const known = ordersKnown.get(cluster)
  if (known !== undefined) return known
  const order = computeOrder(cluster)
  ordersKnown.set(cluster, order)
  return order
}

function computeOrder(cluster: Cluster): readonly MemberIndex[] {
  const rank = (key: Address): Digest => keccak(concatHex(cluster.seed, key))
  return cluster.members
    .map((member) => ({ index: member.index, rank: rank(member.key) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .map((member) => member.index)
}
