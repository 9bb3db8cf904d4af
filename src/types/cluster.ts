import type { Address, Digest, MemberIndex } from './ids.ts'

export interface Member {
  readonly index: MemberIndex
  /** Signing key: signs protocol objects and is the libp2p identity. */
  readonly key: Address
  readonly operator: Address
  /** Integer ≥ 1. */
  readonly weight: number
}

/** The members of one task, fixed on chain when the task forms and never changed while it runs. */
export interface Cluster {
  /** `keccak(abi.encode(taskId, paramsHash, keccak(snapshot), seed))`; every signed object names it. */
  readonly id: Digest
  readonly seed: Digest
  /** By index, 4 ≤ n ≤ 128. */
  readonly members: readonly Member[]
  /** W = Σ w_i, registered weight: silence does not lower it. */
  readonly totalWeight: number
}
