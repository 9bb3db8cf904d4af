import type { StoreAnswer, StoreAsk, StoreChange, StoreRefused } from '../types/store-request.ts'

export interface StoreWatcher {
  changed(change: StoreChange): void
  /** The copy has stopped: nothing comes any more. */
  ended(): void
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
}
