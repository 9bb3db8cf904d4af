import type { Address, Digest, Hex } from '../types/ids.ts'
import type { Moment } from '../types/moment.ts'
import type { ContractName, EventRecord, MalformedEvent } from './history-events.ts'

/**
 * What the chain says about one task, as raw as a judge needs it. The same fact appears in several places (calldata,
 * event, hash, code): nothing here has been compared with anything, and any of it may be wrong.
 *
 * Integers are bigints of whatever size the ABI allows; addresses and bytes are lower-case hex.
 */
export interface ChainHistory {
  /**
   * Everything about a task up to a block, by default the present one. May be called repeatedly; each call reads the chain again.
   * Throws RsdpError: E_RPC_DOWN (also for answers that are not what was asked for), E_NO_TASK.
   */
  read(taskId: bigint, upTo?: bigint): Promise<TaskHistory>
  /** Number of tasks published, at the present block. Throws E_RPC_DOWN. */
  countTasks(): Promise<bigint>
  /** The books of board and registry at the present block. Throws E_RPC_DOWN. */
  readBooks(): Promise<BoardBooks>
  /** What the stake token calls itself; null if it does not say. No verdict rests on it. Throws E_RPC_DOWN. */
  readToken(): Promise<TokenNames | null>
}

/** Symbol and decimals as the token's contract tells them: any text, any number. */
export interface TokenNames {
  readonly symbol: string
  readonly decimals: bigint
}

/** Tokens of one contract, token wei: what it holds, and all that the token moved to and from it. */
export interface TokenFlow {
  readonly balance: bigint
  readonly received: bigint
  readonly sent: bigint
}

/** Stake of one operator as the registry keeps it, token wei. */
export interface AccountBook {
  readonly free: bigint
  readonly locked: bigint
  readonly unbonding: bigint
}

/** What board and registry hold and owe at one block, token wei. */
export interface BoardBooks {
  readonly head: bigint
  /** Number of tasks published. */
  readonly tasks: bigint
  readonly board: TokenFlow
  readonly registry: TokenFlow
  readonly accounts: ReadonlyMap<Address, AccountBook>
  readonly credits: ReadonlyMap<Address, bigint>
  /** Of stake, in the registry. */
  readonly burntStake: bigint
  /** Of what clients spent and nobody earned, in the board. */
  readonly burntPay: bigint
  /** Sums of StakeAdded, Withdrawn, CreditWithdrawn. */
  readonly staked: bigint
  readonly withdrawn: bigint
  readonly creditsWithdrawn: bigint
}

/** A decoded ABI value; structs and argument lists are records by name. */
export type AbiValue =
  bigint | boolean | string | readonly AbiValue[] | { readonly [name: string]: AbiValue | undefined }

/** Windows as far as a task depends on them: blocks, and seconds. */
export interface HistoryWindows {
  readonly reorgDepth: bigint
  readonly jail: bigint
  readonly closeGrace: bigint
  readonly evidence: bigint
  /** 0: blocks alone count. */
  readonly taskSecondsMax: bigint
  readonly seedDelaySeconds: bigint
  readonly jailSeconds: bigint
  readonly graceSeconds: bigint
  readonly evidenceSeconds: bigint
}

/** What the deployment file promises. */
export interface ExpectedDeployment {
  readonly chainId: bigint
  readonly deploymentId: Digest
  readonly windows: HistoryWindows
  /** Most that a reporter is credited for one proof, token wei. */
  readonly bounty: bigint
  readonly contracts: Readonly<Record<ContractName, { readonly address: Address; readonly codeHash: Digest }>>
}

export interface TaskHistory {
  readonly expected: ExpectedDeployment
  readonly taskId: bigint
  readonly chainId: bigint
  /** Block up to which everything was read. */
  readonly head: bigint
  /** Run-time code at the deployment's addresses. */
  readonly code: Readonly<Record<ContractName, Hex>>
  readonly views: TaskViews
  /** In chain order. */
  readonly events: readonly EventRecord[]
  readonly malformed: readonly MalformedEvent[]
  /** Run-time code of every address that was named as the snapshot. */
  readonly snapshotCode: ReadonlyMap<Address, Hex>
  /** RLP headers of the blocks that could be the seed block, of those the node still serves. */
  readonly headers: ReadonlyMap<bigint, Hex>
  /** The task that this one goes on from; null if its reducer is handed nothing by another task. */
  readonly predecessor: PredecessorHistory | null
  /** Unix seconds of the blocks with events, of `head`, and around the seed; empty where blocks alone count. */
  readonly times: ReadonlyMap<bigint, bigint>
}

/** What is known of a task whose result another one was handed. */
export interface PredecessorHistory {
  readonly taskId: bigint
  /** Its TaskFinalized events, in chain order. */
  readonly finalized: readonly {
    readonly height: bigint
    readonly stateHash: Digest
    readonly result: Hex
    readonly block: bigint
  }[]
  /** TaskBoard.task(predecessor).resultHash */
  readonly resultHash: Digest
  /** TaskBoard.statusOf(predecessor), by its number */
  readonly status: bigint
  /** PhaseLog.head(predecessor): last accepted height, and the moment of its checkpoint */
  readonly last: bigint
  readonly lastAt: Moment
  /** Results.result(predecessor): the outcome by its number */
  readonly outcome: bigint
  /** Unix seconds of the blocks of the seam: of the results, and of this task's first checkpoint. */
  readonly times: ReadonlyMap<bigint, bigint>
}

/** Answers of view functions at block `head`. */
export interface TaskViews {
  /** PhaseLog.deploymentId() */
  readonly deploymentId: Digest
  /** PhaseLog.domainSeparator() */
  readonly domainSeparator: Digest
  /** TaskBoard.windows() */
  readonly windows: HistoryWindows
  /** TaskBoard.formWindow(), blocks: 256, or 8,191 on chains with EIP-2935 */
  readonly formWindow: bigint
  /** NodeRegistry.bounty() */
  readonly bounty: bigint
  /** TaskBoard.task(taskId) */
  readonly task: {
    readonly client: Address
    readonly paramsHash: Digest
    readonly cluster: Digest
    readonly snapshot: Address
    readonly members: bigint
    readonly signups: bigint
    readonly formBlock: bigint
    readonly eventsPosted: bigint
    readonly revokedBlock: bigint
    readonly escrow: bigint
    readonly former: Address
    readonly formFee: bigint
    readonly stakePerNode: bigint
    readonly resultHash: Digest
  }
  /** TaskBoard.reductionOf(taskId): code hash of the twin at `publish`, 0 without one */
  readonly twinCodeHash: Digest
  /** PhaseLog.head(taskId) */
  readonly head: {
    readonly root: Digest
    readonly last: bigint
    readonly eventSeq: bigint
    readonly events: bigint
    readonly lastAt: Moment
    readonly graceHeights: bigint
    readonly members: bigint
  }
  /** TaskBoard.statusOf(taskId): the status by its number; closedAt 0 while it runs. */
  readonly status: { readonly status: bigint; readonly closedAt: Moment }
  /** TaskBoard.claimsOpenAt(taskId) */
  readonly claimsOpenAt: Moment
  /** PhaseLog.signersOf(taskId): who signed the last checkpoint */
  readonly signers: bigint
  /** Slasher.isTainted(taskId) */
  readonly tainted: boolean
  /** Results.result(taskId): the outcome by its number */
  readonly result: { readonly outcome: bigint; readonly resultHash: Digest; readonly height: bigint }
  /** PhaseLog.tally(taskId), by member. */
  readonly tally: {
    readonly last: bigint
    readonly feesDue: bigint
    readonly missed: readonly bigint[]
    readonly feeUnits: readonly bigint[]
  }
  /** NodeRegistry.lockOf(taskId, key), of every key that signed up. */
  readonly locks: ReadonlyMap<Address, bigint>
  /** TaskBoard.convictionOf(taskId, member), by member. */
  readonly convictions: readonly { readonly percent: bigint; readonly correlated: boolean }[]
}
