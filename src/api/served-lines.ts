import type { Address } from '../types/ids.ts'

/** What the API needs to know of lines of tasks. */
export interface ServedLines {
  /** Those that this node was drawn for, with their newest tasks, in the order in which they were drawn. */
  lines(): ReadonlyMap<Address, readonly LineTask[]>
  /** Where members say that they are. */
  whereabouts(
    keys: readonly Address[],
  ): readonly { readonly key: Address; readonly addresses: readonly string[] }[]
}

export interface LineTask {
  readonly taskId: bigint
  readonly predecessor: bigint
  readonly members: readonly Address[]
}
