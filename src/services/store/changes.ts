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

  add(changes: readonly StoreChange[]): void {
    this.#changes.push(...changes)
    const gone = this.#changes.splice(0, Math.max(0, this.#changes.length - CHANGES_KEPT)).at(-1)
    // a transaction has several of one index: whoever wants the rest of them has to read anew
    if (gone !== undefined) this.#after = gone.index
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

/** Changes of one index together. */
export function byIndex(changes: readonly StoreChange[]): StoreChange[][] {
  const groups: StoreChange[][] = []
  for (const change of changes) {
    const last = groups.at(-1)
    if (last?.[0]?.index === change.index) last.push(change)
    else groups.push([change])
  }
  return groups
}
