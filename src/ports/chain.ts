import type { Domain } from '../codec/objects.ts'
import type { Terms } from '../codec/roots.ts'
import type { CallContext } from '../reducers/reducer.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Evidence, EvidenceKind } from '../types/evidence.ts'
import type { Address, Bitmap, Digest, Hex, MemberIndex } from '../types/ids.ts'
import type { LedgerKind, PostedEvent } from '../types/ledger.ts'
import type { Moment } from '../types/moment.ts'
import type { Outcome, TaskParams, TaskStatus } from '../types/task.ts'

/** What a node reads from the chain, in block order, only once it is `reorgDepth` blocks deep. */
export type ChainEvent = { readonly block: number } & (
  | { readonly kind: 'nodeAddresses'; readonly key: Address; readonly addresses: readonly string[] }
  | {
      readonly kind: 'taskPublished'
      readonly taskId: bigint
      readonly client: Address
      readonly params: TaskParams
      /** Worked out from `params`, not read from the event. */
      readonly paramsHash: Digest
    }
  | {
      readonly kind: 'taskJoined'
      readonly taskId: bigint
      readonly key: Address
      readonly operator: Address
    }
  /** The client ends the task early. Up to `joinDeadline` it is over; else it goes on to its grace, or is still drawn. */
  | { readonly kind: 'taskRevoked'; readonly taskId: bigint }
  | { readonly kind: 'clusterFormed'; readonly taskId: bigint; readonly cluster: Cluster }
  | {
      readonly kind: 'ledgerEvent'
      readonly taskId: bigint
      readonly seq: number
      readonly ledgerKind: LedgerKind
      readonly originator: Address
      readonly data: Uint8Array
    }
  /** Heights `first` … `height` are on chain. */
  | {
      readonly kind: 'checkpointed'
      readonly taskId: bigint
      readonly first: number
      readonly height: number
      readonly root: Digest
      /** Bit i: member i signed. */
      readonly bitmap: Bitmap
      /** Log that signers have who named no other. */
      readonly sharedSeq: number
      readonly sharedHead: Digest
      readonly batch: Hex
      readonly notes: Hex
    }
  /** Somebody published hints and notes of the checkpoint up to `height` again. */
  | {
      readonly kind: 'republished'
      readonly taskId: bigint
      readonly height: number
      readonly hints: Hex
      readonly notes: Hex
    }
  | {
      readonly kind: 'taskFinalized'
      readonly taskId: bigint
      readonly height: number
      /** Canonical bytes of the state after that height. */
      readonly result: Uint8Array
    }
  | {
      readonly kind: 'convicted'
      readonly taskId: bigint
      readonly member: MemberIndex
      readonly offence: EvidenceKind
      /** Base share of the lock. */
      readonly percent: number
      readonly reporter: Address
    }
)

export interface EventPage {
  readonly events: readonly ChainEvent[]
  /** Last block the page covers, and its hash: the next cursor. */
  readonly block: number
  readonly hash: Digest
  /** That block's time, unix seconds. */
  readonly time: number
}

/** A checkpoint as PhaseLog takes it (docs/decisions.md, section 5). */
export interface CheckpointCall {
  readonly taskId: bigint
  readonly first: number
  readonly batch: Hex
  readonly bitmap: Bitmap
  readonly sharedSeq: number
  readonly sharedHead: Digest
  readonly exceptions: Hex
  readonly notes: Hex
  readonly inputs: Hex
  /** 65 bytes per signer, by member. */
  readonly signatures: Hex
}

/** The last decided state, and what shows that it is the one behind the accepted root. */
export interface FinalState {
  readonly state: Uint8Array
  /** Root of the height before. */
  readonly previousRoot: Digest
  /** The last height's list. */
  readonly inputsRoot: Digest
  readonly inputs: Bitmap
}

/** Hints and notes of an accepted checkpoint, published again (docs/contracts.md). */
export interface RepublishCall {
  readonly taskId: bigint
  /** Last height of the checkpoint. */
  readonly height: number
  readonly hints: Hex
  readonly notes: Hex
}

/** What a verdict about a result needs besides the signed objects. */
export interface ProofContext {
  readonly params: TaskParams
  /** Ledger events 1, 2, …, at least up to the vote's eventSeq. */
  readonly events: readonly PostedEvent[]
}

/** A question to a reducer's Solidity twin. */
export interface TwinCall {
  readonly twin: Address
  readonly params: Hex
  readonly context: CallContext
  /** Ascending by member. */
  readonly inputs: readonly { readonly member: MemberIndex; readonly state: Uint8Array }[]
  /** The list holds a CLOSE. */
  readonly closing: boolean
}

/** What the registry says about a signing key and its operator. Amounts are token wei. */
export interface KeyRegistration {
  readonly operator: Address
  readonly active: boolean
  readonly freeStakeWei: bigint
  readonly lockedStakeWei: bigint
  readonly allowance: KeyAllowance
}

/** How much stake a signing key may lock by itself (INodeRegistry.Allowance). */
export interface KeyAllowance {
  readonly perTaskWei: bigint
  readonly totalWei: bigint
  /** Locks that the key has sent and that are not released. */
  readonly runningWei: bigint
}

/** The last decided state, and what shows that it is the one behind the accepted root. */
export interface FinalState {
  readonly state: Uint8Array
  /** Root of the height before. */
  readonly previousRoot: Digest
  /** The last height's list. */
  readonly inputsRoot: Digest
  readonly inputs: Bitmap
}

/** A call ready to be sent: what the outbox keeps. */
export interface PreparedCall {
  readonly to: Address
  readonly data: Hex
}

export type SendOutcome =
  | { readonly kind: 'mined'; readonly block: number; readonly hash: Digest; readonly gasUsed: bigint }
  /** The contract refuses it, now or in the mined transaction; sending it again is no use. `error` is the custom error's name. */
  | { readonly kind: 'reverted'; readonly error: string }

/**
 * The trust layer as typed calls and a resumable event cursor. Reads may fail with RsdpError E_RPC_DOWN, which passes;
 * everything read is checked against the deployment (chain id, code, deploymentId) once at `connect`.
 */
export interface Chain {
  readonly domain: Domain
  /** Blocks after which this deployment takes history for final. */
  readonly reorgDepth: number
  /** Where tasks are: part of the terms that a sign-up names. */
  readonly board: Address
  /** Blocks for which a lock stays after its task has ended: closeGrace and evidence. */
  readonly lockTailBlocks: number
  /** Between a task's `joinTime` and the first second whose block can be the seed; 0 where blocks alone count. */
  readonly seedDelaySeconds: number
  /** Seconds for which a lock stays after its task has ended: graceSeconds and evidenceSeconds. */
  readonly lockTailSeconds: number
  /** Latest block number. */
  head(): Promise<number>
  /** Number and time of the latest block. No other clock counts. */
  latest(): Promise<Moment>
  /**
   * Events after block `after`, up to `reorgDepth` below the head, at most `blocksMax` blocks. Null when there is nothing
   * new. `afterHash` must still be that block's hash, else RsdpError E_REORG: history this node relied on is gone.
   */
  eventsAfter(after: number, afterHash: Digest | null, blocksMax: number): Promise<EventPage | null>
  taskStatus(taskId: bigint): Promise<TaskStatus>
  /** How far a task's result may be relied upon, at the latest block. Absent: this chain has no convictions. */
  outcomeOf?(taskId: bigint): Promise<Outcome>
  /** Whether an account is a line of tasks of this deployment. Absent: it has none. */
  isLine?(account: Address): Promise<boolean>
  /** Last accepted height, its root, and whose turn it is at the next block. */
  logHead(taskId: bigint): Promise<{ readonly last: number; readonly root: Digest; readonly turn: number }>
  /**
   * Whether the key itself signed up in that block, from another process than this one: from a nonce that this process' journal
   * has never come to. Absent: this connection cannot tell. False where the operator's wallet signed the key up.
   */
  joinedElsewhere?(taskId: bigint, key: Address, block: number): Promise<boolean>
  /** Keys signed up so far, in order. */
  signups(taskId: bigint): Promise<readonly Address[]>
  /** What the task's terms are at the latest block; null if there is no such task. */
  terms(taskId: bigint): Promise<Terms | null>
  /** Code at an address at the latest block; empty: none. */
  code(address: Address): Promise<Hex>
  /** @param termsHash what is agreed to: the contract refuses any other */
  prepareJoin(taskId: bigint, key: Address, termsHash: Digest): PreparedCall
  /**
   * Draws the cluster, with the header of the first block that has reached `seed`, as it is now: after a re-org it is
   * another. Throws E_RPC_DOWN, also if there is no such block; E_HEADER.
   */
  prepareForm(taskId: bigint, seed: Moment): Promise<PreparedCall>
  prepareCheckpoint(call: CheckpointCall): PreparedCall
  prepareRepublish(call: RepublishCall): PreparedCall
  prepareFinalize(taskId: bigint, result: FinalState): PreparedCall
  /**
   * Calls that come before that of `prepareEvidence`, in this order, each once the one before is mined: a log that is too
   * long for one call is opened in steps, a height below a CHECKPOINT is refuted. Empty for all other evidence. A step that
   * is refused was made by somebody else.
   */
  prepareSteps(taskId: bigint, evidence: Evidence, context: ProofContext): readonly PreparedCall[]
  /** A proof against a member of the task. */
  prepareEvidence(taskId: bigint, evidence: Evidence, context: ProofContext): PreparedCall
  /** The checkpoint that was accepted in a block, as it was sent; null if it did not come straight from its sender. */
  checkpointSent(taskId: bigint, block: number, height: number): Promise<CheckpointCall | null>
  /** Why the contract would refuse a call now: the custom error's name; null if it would take it. */
  refusal(call: PreparedCall): Promise<string | null>
  /**
   * What the twin makes of a list: f_agg_status, and f_agg_close after it if the list holds a CLOSE; null if it reverts or
   * answers with what is no state.
   */
  twinAggregate(call: TwinCall): Promise<Uint8Array | null>
  /** Sends from the signing key and waits until it is mined. Throws E_FUNDS_GAS, E_RPC_DOWN, E_TX_TIMEOUT. */
  send(call: PreparedCall): Promise<SendOutcome>
  /** Wei that the signing key has for gas. */
  gasBalance(): Promise<bigint>
  /** Registration of a key, or null. */
  registration(key: Address): Promise<KeyRegistration | null>
  close(): void
}
