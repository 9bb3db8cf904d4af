import type { Address, Digest, Hex } from '../types/ids.ts'

/** What an audit reads, by the names of the ABI: events, the calls that emit them, and where a log stands. */

export const AUDITED_CONTRACTS = ['NodeRegistry', 'TaskBoard', 'PhaseLog', 'Slasher'] as const
export type ContractName = (typeof AUDITED_CONTRACTS)[number]

/** `TaskParams` with raw integers. */
export type RawTaskParams = {
  readonly reducer: Digest
  readonly reducerParams: Hex
  readonly usesPrevious: boolean
  readonly twin: Address
  readonly predecessor: bigint
  readonly minNodes: bigint
  readonly maxNodes: bigint
  readonly heights: bigint
  readonly epochHeights: bigint
  readonly stateCap: bigint
  readonly inputCap: bigint
  readonly calldataInputs: boolean
  readonly stakePerNode: bigint
  readonly rewardPerHeight: bigint
  readonly checkpointFee: bigint
  readonly formGasPrice: bigint
  readonly joinDeadline: bigint
  readonly joinTime: bigint
  readonly endBlock: bigint
  readonly endTime: bigint
  readonly stallBlocks: bigint
  readonly stallSeconds: bigint
  readonly turnBlocks: bigint
  readonly maxEvents: bigint
  readonly tickMs: bigint
  readonly debateTicks: bigint
  readonly shareTicks: bigint
  readonly confirmTicks: bigint
  readonly helloTicks: bigint
  readonly slotTicks: bigint
  readonly reporters: readonly Address[]
}

type Seat = { readonly taskId: bigint; readonly key: Address; readonly operator: Address }

/** Arguments of the events that are read, by the names of the ABI. */
export interface EventArgs {
  readonly KeyRegistered: { readonly operator: Address; readonly key: Address; readonly publicKey: Hex }
  readonly KeyRotated: { readonly operator: Address; readonly oldKey: Address; readonly newKey: Address }
  readonly KeyFrozen: { readonly operator: Address; readonly key: Address }
  /** The wallet acts for the operator from now on; the first one opens the account. */
  readonly WalletSet: { readonly operator: Address; readonly wallet: Address }
  readonly AccountOffered: { readonly operator: Address; readonly wallet: Address }
  /** Where the operator is paid; 0: at its wallet. */
  readonly PayoutSet: { readonly operator: Address; readonly payout: Address }
  /** The key was convicted; all keys of its operator are refused up to a block. */
  readonly Jailed: {
    readonly operator: Address
    readonly key: Address
    readonly untilBlock: bigint
    readonly untilTime: bigint
  }
  readonly StakeLocked: Seat & { readonly amount: bigint }
  readonly StakeUnlocked: Seat & { readonly amount: bigint }
  readonly StakeSlashed: Seat & { readonly amount: bigint }
  readonly TaskPublished: {
    readonly taskId: bigint
    readonly client: Address
    readonly paramsHash: Digest
    readonly params: RawTaskParams
  }
  readonly Joined: Seat
  /** `burnt` was taken from the lock because the quit was late. */
  readonly Left: Seat & { readonly burnt: bigint }
  readonly TaskRevoked: { readonly taskId: bigint }
  readonly ClusterFormed: {
    readonly taskId: bigint
    readonly cluster: Digest
    readonly seed: Digest
    readonly snapshotHash: Digest
    readonly pointer: Address
    readonly signingKeys: readonly Address[]
    readonly operators: readonly Address[]
    readonly weights: readonly bigint[]
  }
  /** Somebody has drawn the cluster and earned the fee for it. */
  readonly FormFeeEarned: { readonly taskId: bigint; readonly former: Address; readonly amount: bigint }
  readonly FormFeePaid: {
    readonly taskId: bigint
    readonly former: Address
    readonly to: Address
    readonly amount: bigint
  }
  readonly LedgerEvent: {
    readonly taskId: bigint
    readonly seq: bigint
    readonly originator: Address
    readonly data: Hex
  }
  /** A conviction, as reducers see it. */
  readonly SystemEntry: { readonly taskId: bigint; readonly seq: bigint; readonly data: Hex }
  readonly Checkpointed: {
    readonly taskId: bigint
    readonly first: bigint
    readonly last: bigint
    readonly root: Digest
    readonly eventSeq: bigint
    readonly bitmap: bigint
    readonly sharedSeq: bigint
    readonly sharedHead: Digest
    readonly submitter: Address
    readonly batch: Hex
    readonly exceptions: Hex
    readonly notes: Hex
    readonly inputs: Hex
  }
  /** Hints and notes of a checkpoint, published again. */
  readonly Republished: {
    readonly taskId: bigint
    readonly height: bigint
    readonly hints: Hex
    readonly notes: Hex
  }
  readonly TaskFinalized: {
    readonly taskId: bigint
    readonly height: bigint
    readonly stateHash: Digest
    readonly result: Hex
  }
  readonly Claimed: {
    readonly taskId: bigint
    readonly operator: Address
    readonly to: Address
    readonly amount: bigint
  }
  readonly Refunded: { readonly taskId: bigint; readonly client: Address; readonly amount: bigint }
  readonly Burnt: { readonly taskId: bigint; readonly amount: bigint }
  readonly Released: Seat & { readonly amount: bigint }
  readonly Convicted: {
    readonly taskId: bigint
    readonly member: bigint
    readonly offence: bigint
    readonly height: bigint
    readonly first: Digest
    readonly second: Digest
    readonly percent: bigint
    readonly reporter: Address
    /** Calldata of the call that proved it. */
    readonly evidence: Hex
  }
  /** A step of a proof about a long log. */
  readonly LogOpened: {
    readonly taskId: bigint
    readonly member: bigint
    readonly checkpoint: Digest
    readonly head: Digest
    /** Calldata of the step. */
    readonly evidence: Hex
  }
  /** A height whose state the reducer does not give. */
  readonly Refuted: {
    readonly taskId: bigint
    readonly height: bigint
    readonly root: Digest
    /** The accepted history holds it. */
    readonly taints: boolean
    /** Calldata of the step. */
    readonly evidence: Hex
  }
  readonly Penalised: Seat & {
    readonly member: bigint
    readonly percent: bigint
    readonly amount: bigint
    readonly reporter: Address
    readonly credit: bigint
  }
}
export type EventName = keyof EventArgs

/** What every proof names first; its other arguments are there too, by the names of the ABI. */
type Accusation = { readonly taskId: bigint; readonly member: bigint }

/** Arguments of the calls that emit them, by the names of the ABI. */
export interface CallArgs {
  readonly register: {
    readonly publicKey: Hex
    readonly stake: bigint
    readonly perTask: bigint
    readonly total: bigint
    readonly multiaddrs: readonly Hex[]
    readonly signature: Hex
  }
  readonly rotateKey: {
    readonly key: Address
    readonly publicKey: Hex
    readonly multiaddrs: readonly Hex[]
    readonly signature: Hex
  }
  readonly freeze: { readonly key: Address }
  readonly addStake: { readonly amount: bigint }
  readonly setPayout: { readonly payout: Address }
  readonly offerAccount: { readonly newWallet: Address }
  readonly acceptAccount: { readonly operator: Address }
  readonly publish: { readonly params: RawTaskParams }
  readonly join: { readonly taskId: bigint; readonly key: Address; readonly termsHash: Digest }
  readonly quit: { readonly taskId: bigint; readonly key: Address }
  readonly form: { readonly taskId: bigint; readonly header: Hex; readonly parent: Hex }
  readonly revoke: { readonly taskId: bigint }
  readonly postEvent: { readonly taskId: bigint; readonly data: Hex }
  readonly checkpoint: {
    readonly taskId: bigint
    readonly first: bigint
    readonly batch: Hex
    readonly bitmap: bigint
    readonly sharedSeq: bigint
    readonly sharedHead: Digest
    readonly exceptions: Hex
    readonly notes: Hex
    readonly inputs: Hex
    readonly signatures: Hex
  }
  readonly republish: {
    readonly taskId: bigint
    readonly height: bigint
    readonly hints: Hex
    readonly notes: Hex
  }
  readonly finalize: {
    readonly taskId: bigint
    readonly result: Hex
    readonly previousRoot: Digest
    readonly inputsRoot: Digest
    readonly inputs: bigint
  }
  readonly claim: { readonly taskId: bigint }
  readonly release: { readonly taskId: bigint; readonly key: Address }
  readonly equivocation: Accusation
  readonly amnesia: Accusation
  readonly openLog: Accusation
  readonly illegalLog: Accusation
  readonly forkedLog: Accusation
  readonly unjustifiedVote: Accusation
  readonly wrongReduction: Accusation
  readonly refute: { readonly taskId: bigint }
  readonly wrongCheckpoint: Accusation
  readonly twoParents: Accusation
}
export type CallName = keyof CallArgs

/** Decoded calldata; `malformed` names the argument that does not decode, '' if even the selector is unknown. */
export type CallRecord =
  | { readonly [N in CallName]: { readonly name: N; readonly args: CallArgs[N] } }[CallName]
  | { readonly name: CallName | null; readonly malformed: string }

export interface TransactionRecord {
  readonly hash: Digest
  readonly block: bigint
  readonly from: Address
  readonly to: Address | null
  readonly call: CallRecord
  /** RLP of the signed transaction, rebuilt from its fields; null for kinds whose encoding is not known. */
  readonly signed: Hex | null
}

/** Where a log stands. */
export interface LogPlace {
  readonly contract: ContractName
  readonly block: bigint
  readonly logIndex: bigint
  readonly transactionHash: Digest
  /** Null if the node does not serve it. */
  readonly transaction: TransactionRecord | null
}

export type EventRecord<N extends EventName = EventName> = LogPlace &
  { readonly [K in N]: { readonly name: K; readonly args: EventArgs[K] } }[N]

/** A log whose bytes are not what a contract writes: `field` is the argument in which, '' if that cannot be told. */
export type MalformedEvent = LogPlace & { readonly name: EventName | null; readonly field: string }
