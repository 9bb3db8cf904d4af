import type { CopyFolder } from './copy-folders.ts'
import type { StoreAnswer, StoreAsk, StoreChange, StoreRefused } from '../types/store-request.ts'

export interface StoreWatcher {
  /** All changes of one index: of one write or one transaction. */
  changed(changes: readonly StoreChange[]): void
  /** The copy has stopped: nothing comes any more. */
  ended(): void
}

/** What a copy has on the disk of this node. */
export interface KeptCopy extends CopyFolder {
  /**
   * `placed`: what was decided last gives this node a copy, or counts its copy, or one is still here. `left`: none of that.
   * `unknown`: this node has no decided placement of the line.
   */
  readonly use: 'placed' | 'left' | 'unknown'
}

/** The stores of the tasks that this node was drawn for. */
export interface Stores {
  /** Asks the copy here, or the one that leads elsewhere, once. Never rejects. */
  ask(task: bigint, service: number, ask: StoreAsk): Promise<StoreAnswer>
  /**
   * Changes behind an index, then each as it comes, from the copy here.
   *
   * @param after null: from now on
   * @returns how to stop, or why not
   */
  watch(
    task: bigint,
    service: number,
    after: number | null,
    watcher: StoreWatcher,
  ): (() => void) | StoreRefused
  kept(): readonly KeptCopy[]
  /**
   * Removes what a copy has on this disk, for good, unless it is in use. Never done but by order.
   *
   * @param task any of the line that this node knows, or its first
   * @param isForced also if its use is not known
   * @returns its bytes, or why nothing was done
   */
  purge(task: bigint, service: number, isForced: boolean): number | 'placed' | 'unknown' | 'nothing'
}
