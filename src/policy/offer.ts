import type { Terms } from '../codec/roots.ts'
import type { Chance } from '../types/chance.ts'
import type { Address, Digest, Hex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'

/** What a published task asks of a node, and what the node has, at one block. Amounts are token wei. */
export interface Offer {
  readonly params: TaskParams
  /** The reducer, if it is a bundle: who of the policy's authors has published it. */
  readonly bundle: { readonly authors: readonly Address[] } | null
  readonly terms: Terms
  /** Of the task's twin, if it is none of this package: its code as an endpoint says, which may not be what the terms are about. */
  readonly twinCode: Hex | null
  /** The client is a line of tasks of this deployment. */
  readonly isLine: boolean
  /** Of the chain that draws the cluster. */
  readonly chance: Chance
  /** Latest block, and its time. */
  readonly head: number
  readonly time: number
  /** Blocks and seconds for which the lock stays after the task has ended. */
  readonly lockTailBlocks: number
  readonly lockTailSeconds: number
  /** Of the operator. `pendingWei` is the part of `lockedWei` in tasks that are not drawn yet. */
  readonly stake: { readonly freeWei: bigint; readonly lockedWei: bigint; readonly pendingWei: bigint }
  /** Of the signing key, on chain. */
  readonly allowance: {
    readonly perTaskWei: bigint
    readonly totalWei: bigint
    readonly runningWei: bigint
  }
}

/** Reducer (`name@version`) of each stock twin, by the twin's code hash. */
export type StockTwins = ReadonlyMap<Digest, string>
