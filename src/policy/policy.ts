import { reducerIds } from '../reducers/catalog.ts'
import type { Chance } from '../types/chance.ts'
import type { Address, Hex } from '../types/ids.ts'

/**
 * When a node signs up by itself. All of it has to hold: what a task asks for is the client's choice, what it may cost
 * is the operator's. Percentages are of the operator's stake, free and locked.
 */
export interface Policy {
  readonly schema: 1
  /** How good the chance must be that draws a cluster on the chain: any of these. */
  readonly chances: readonly Chance[]
  /** `name@version` of the reducers. */
  readonly reducers: readonly string[]
  /** Reducers of others, which run in the sandbox: any, by their ids, or by the addresses of those who have published them. */
  readonly sandboxed: 'any' | readonly Hex[]
  /**
   * `none`: tasks without a twin. `stock`: the twin of the task's reducer that this package comes with, by its exact code
   * hash. `pure`: any other one whose code reads nothing but what it is asked. There is no fourth kind: the code of a proxy, of a
   * delegated account, or of a twin that reads storage, blocks or its caller does not say what it answers to the slasher.
   */
  readonly twins: readonly ('none' | 'stock' | 'pure')[]
  readonly clients: 'any' | readonly Address[]
  /**
   * Tasks that go on from another one, whose members wait, unpaid, with their locks, until that one is over. `lines`: those of a
   * line of this deployment, which publishes near the end alone. `any`: whatever client says so.
   */
  readonly predecessors: 'none' | 'lines' | 'any'
  /** Largest lock of one task. */
  readonly lockPercentPerTask: number
  /** Largest sum of all locks. */
  readonly lockPercentTotal: number
  /** Largest sum of locks in tasks that are not drawn yet: a task that never starts must not tie up everything. */
  readonly lockPercentPending: number
  /** Longest wait for a task to be drawn, blocks up to the end of sign-up. */
  readonly signUpBlocksMax: number
  /** Longest task, blocks up to its end. */
  readonly taskBlocksMax: number
  /** Least reward of a seat, in millionths of its lock for every 1,000 blocks that the lock may last; 0: also unpaid tasks. */
  readonly rewardPpmPer1000Blocks: number
  /** Least price that a task pays for the gas of drawing its cluster, token wei; 0: also tasks that nobody is paid to draw. */
  readonly formGasPriceMin: number
}

const BLOCKS_MAX = 2 ** 32 - 1

/** On a local chain nothing is worth anything: everything but a twin that may answer each as it likes is joined. */
const LOCAL: Policy = {
  schema: 1,
  chances: ['good', 'weak', 'local'],
  reducers: reducerIds(),
  sandboxed: 'any',
  twins: ['none', 'stock', 'pure'],
  clients: 'any',
  predecessors: 'any',
  lockPercentPerTask: 100,
  lockPercentTotal: 100,
  lockPercentPending: 100,
  signUpBlocksMax: BLOCKS_MAX,
  taskBlocksMax: BLOCKS_MAX,
  rewardPpmPer1000Blocks: 0,
  formGasPriceMin: 0,
}

/** Paid tasks with a bounded share of the stake. Blocks of 12 s: sign-up 6 hours, a task 7 days, 2.6 % a year. */
const STRICT: Policy = {
  ...LOCAL,
  chances: ['good', 'local'],
  sandboxed: [],
  twins: ['none', 'stock'],
  predecessors: 'none',
  lockPercentPerTask: 10,
  lockPercentTotal: 50,
  lockPercentPending: 25,
  signUpBlocksMax: 1_800,
  taskBlocksMax: 50_400,
  rewardPpmPer1000Blocks: 10,
  formGasPriceMin: 1,
}

/** What a node does without a policy file. */
export function defaultPolicy(isLocalChain: boolean): Policy {
  return isLocalChain ? LOCAL : STRICT
}
