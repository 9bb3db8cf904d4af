import type { MemberIndex } from '../types/ids.ts'
import type { LedgerEvent } from '../types/ledger.ts'

/** What the application learns about a decided height. */
export interface DecidedState {
  readonly height: number
  /** Canonical bytes of ŝ*. */
  readonly state: Uint8Array
  /** The listed states, ascending by member; absent where a node hands out past heights, and in profile `paper`. */
  readonly inputs?: readonly { readonly member: MemberIndex; readonly state: Uint8Array }[]
}

/**
 * What this node brings to the debate: the paper's initial state s_i. Belongs to the application, not to the reducer,
 * and may do I/O. The node asks once per height; the answer is what it signs.
 */
export interface StateSource {
  /**
   * In a task that goes on from another one: the state before height 1, canonical bytes, empty if there is none. Called once
   * in each life, before `observe`.
   */
  handedOver?(state: Uint8Array): void
  /**
   * An event of the task's ledger, in order, as soon as the chain tells of it; those from before this life, too. A height that takes
   * it into account may come later.
   */
  posted?(event: LedgerEvent): void
  /** Canonical bytes of s_i for `height`, within the task's state cap. */
  observe(height: number): Promise<Uint8Array>
  /** Called once per decided height, in order, after it is durable. */
  decided(decision: DecidedState): void
  /**
   * The chain has ended the task at `height`: what was decided above counts for nothing. Heights up to there may still come.
   *
   * @param state canonical bytes after that height; empty at height 0
   */
  ended?(height: number, state: Uint8Array): void
  /**
   * The task is over and its members are served no more: nothing is asked or told after this, and what is held of the task can go.
   * Once at most; not when the node stops before.
   */
  over?(): void
}
