import type { StoreChange } from '../../types/store-request.ts'

/** Changes that a watch can go back. */
const CHANGES_KEPT = 1024

/** The last changes of a copy, in the order of the log: a watch that goes on from one misses none. */
export class Changes {
  /** All changes behind this index are here. */
  #after: number
  #changes: StoreChange[] = []

  constructor(after: number) {
    this.#after = after
  }

  add(change: StoreChange): void {
    this.#changes.push(change)
    const oldest = this.#changes[0]
    if (this.#changes.length <= CHANGES_KEPT || oldest === undefined) return
    this.#changes.shift()
    this.#after = oldest.index
  }

  /** A snapshot took the place of the entries up to an index. */
  restart(after: number): void {
    this.#after = after
    this.#changes = []
  }

  /** Null: some of them are gone. */
  since(index: number): readonly StoreChange[] | null {
    return index < this.#after ? null : this.#changes.filter((change) => change.index > index)
  }
}
