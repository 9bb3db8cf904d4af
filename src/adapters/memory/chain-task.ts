import type { CheckpointCall, FinalState, RepublishCall } from '../../ports/chain.ts'
import type { Cluster } from '../../types/cluster.ts'
import type { Address, Digest, MemberIndex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { PostedEvent } from '../../types/ledger.ts'
import type { Moment } from '../../types/moment.ts'
import type { TaskParams } from '../../types/task.ts'
import { keccak } from '../../codec/hex.ts'
import type { EvidenceCall } from './judge-evidence.ts'

/** A call of one of the contracts' functions. */
export type ChainCall =
  | { readonly kind: 'join'; readonly taskId: bigint; readonly key: Address; readonly agreed: Digest }
  | { readonly kind: 'form'; readonly taskId: bigint; readonly mixHash: Digest }
  | { readonly kind: 'checkpoint'; readonly call: CheckpointCall }
  | {
      readonly kind: 'finalize'
      readonly taskId: bigint
      readonly result: FinalState
    }
  | { readonly kind: 'republish'; readonly call: RepublishCall }
  | EvidenceCall

export interface ChainTask {
  readonly params: TaskParams
  readonly client: Address
  readonly signups: Address[]
  /** Keys that have signed up by themselves, whose locks count against their allowance. */
  readonly byKey: Set<Address>
  cluster: Cluster | null
  /** Last accepted height, and the root and event cut up to it. */
  last: number
  root: Digest
  eventSeq: number
  /** Heights whose list leaves a member out. */
  readonly missed: Map<MemberIndex, number>
  /** Of the last checkpoint accepted before the task was Finalizing, or of the drawing. */
  lastAt: Moment
  /** Heights accepted while it was Finalizing. */
  late: number
  /** When the client revoked it. */
  revokedAt: Moment | null
  /** Last height that is accepted: all, R more once it was revoked, none if the cluster was drawn after that. */
  limit: number
  /** Ledger events, and the rolling hash up to each; the first hash is e_0. */
  readonly events: PostedEvent[]
  readonly eventsHashes: Digest[]
  result: Uint8Array | null
  /** Share of the lock that each convicted member has lost, %. */
  readonly convictions: Map<MemberIndex, number>
}

/** A checkpoint that was accepted, for whoever judges from outside. */
export interface AcceptedCheckpoint {
  readonly taskId: bigint
  readonly first: number
  readonly last: number
  readonly root: Digest
  /** Root after each height of the batch. */
  readonly roots: readonly Digest[]
  readonly signers: readonly number[]
  /** As it was sent. */
  readonly call: CheckpointCall
  readonly block: number
}

export interface Registration {
  readonly operator: Address
  readonly weight: number
  readonly perTaskWei: bigint
  readonly totalWei: bigint
}

/** A task that was just published. */
export function publishedTask(params: TaskParams, client: Address): ChainTask {
  return {
    params,
    client,
    signups: [],
    byKey: new Set(),
    cluster: null,
    last: 0,
    root: keccak('0x'),
    eventSeq: 0,
    missed: new Map(),
    lastAt: { number: 0n, time: 0n },
    late: 0,
    revokedAt: null,
    limit: params.heights,
    events: [],
    eventsHashes: [NIL],
    result: null,
    convictions: new Map(),
  }
}
