import type { Address, Digest, Hex } from './ids.ts'

/** Parameters of a task, as published (TaskBoard.TaskParams); fixed for its whole life. */
export interface TaskParams {
  /** `keccak(utf8 "name@version")`. */
  readonly reducer: Digest
  readonly reducerParams: Hex
  /** The reducer is handed the decided state of the height before. */
  readonly usesPrevious: boolean
  /** Solidity twin of the reducer; zero address: results are not provable on chain. */
  readonly twin: Address
  /** Task of the same board that this one goes on from; 0: none. */
  readonly predecessor: bigint
  readonly minNodes: number
  readonly maxNodes: number
  readonly heights: number
  /** R: heights per epoch, and per checkpoint. */
  readonly epochHeights: number
  /** Most bytes of a decided state. */
  readonly stateCap: number
  /** Most bytes of a state that a member brings. */
  readonly inputCap: number
  /** Data mode `calldata`: inputs are published with every checkpoint. */
  readonly calldataInputs: boolean
  readonly stakePerNode: bigint
  readonly rewardPerHeight: bigint
  readonly checkpointFee: bigint
  /** Token wei per gas for whoever draws the cluster (`formGas`); 0: the drawing earns nothing. */
  readonly formGasPrice: bigint
  /** Sign-up is open up to this block, and until this unix second. All times are 0 where blocks alone count. */
  readonly joinDeadline: number
  readonly joinTime: number
  /** The task ends here, and not before this unix second. */
  readonly endBlock: number
  readonly endTime: number
  /** Longest silence: so many blocks, and so many seconds. */
  readonly stallBlocks: number
  readonly stallSeconds: number
  /** g: blocks until the duty to submit a checkpoint moves on. */
  readonly turnBlocks: number
  readonly maxEvents: number
  readonly tickMs: number
  readonly debateTicks: number
  readonly shareTicks: number
  readonly confirmTicks: number
  readonly helloTicks: number
  readonly slotTicks: number
  readonly reporters: readonly Address[]
}

/** Whether height 1 is handed the result of another task. */
export function goesOn({ usesPrevious, predecessor }: Pick<TaskParams, 'usesPrevious' | 'predecessor'>): boolean {
  return usesPrevious && predecessor !== 0n
}

export const TASK_STATUSES = [
  'None',
  'Open',
  'Active',
  'Finalizing',
  'Closed',
  'Expired',
  'NoQuorum',
] as const
/** Where a task stands; derived on chain from stored facts and the current block. */
export type TaskStatus = (typeof TASK_STATUSES)[number]

/** How far a result may be relied upon, by the number that IResults has for it. */
export const OUTCOMES = ['pending', 'final', 'tainted'] as const
export type Outcome = (typeof OUTCOMES)[number]
