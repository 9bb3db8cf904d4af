import { refusalOf } from './refused.ts'

/** What a block holds: a call of one of the contracts' functions. */
export interface Transaction {
  /** What it does, in words that are the same whoever sends it. */
  readonly what: string
  /** Throws if the contract refuses it. */
  readonly run: () => void
  /** Told null, or the name of the error it was refused with. */
  readonly done: (error: string | null) => void
}

/** All that blocks change: what is rewritten, and what only grows. */
export interface ChainState {
  readonly maps: readonly Map<unknown, unknown>[]
  readonly lists: readonly unknown[][]
}

/** A transaction as its block had it. */
export interface Included extends Transaction {
  /** The contract accepted it. */
  readonly isDone: boolean
}

interface Block {
  /** Number of re-orgs before it was mined. */
  readonly branch: number
  /** Unix seconds. */
  readonly time: number
  /** The state before it. */
  readonly maps: readonly ReadonlyMap<unknown, unknown>[]
  readonly lengths: readonly number[]
  readonly transactions: readonly Included[]
}

/** The blocks of a chain in memory, the last of which can be taken back. */
export class Blocks {
  readonly #state: ChainState
  readonly #blocks: Block[] = []
  #pending: Transaction[] = []
  #branch = 0

  constructor(state: ChainState) {
    this.#state = state
  }

  get head(): number {
    return this.#blocks.length
  }

  /** Puts a transaction into the next block. */
  include(transaction: Transaction): void {
    this.#pending.push(transaction)
  }

  /** Unix seconds; 0 before the first block, and of a block that is not there. */
  timeOf(block: number): number {
    return this.#blocks[block - 1]?.time ?? 0
  }

  /** The next block, with all transactions that wait. Says which of them it accepts. */
  mine(time: number): readonly string[] {
    const { maps, lists } = this.#state
    const pending = this.#pending
    this.#pending = []
    const transactions: Included[] = []
    const lengths = lists.map(({ length }) => length)
    this.#blocks.push({ branch: this.#branch, time, maps: structuredClone(maps), lengths, transactions })
    for (const transaction of pending) {
      const error = refusalOf(transaction.run)
      transaction.done(error)
      transactions.push({ ...transaction, isDone: error === null })
    }
    return transactions.flatMap(({ what, isDone }) => (isDone ? [what] : []))
  }

  /** 0 until the first re-org; what tells a block from those that were in its place before. */
  branchOf(block: number): number {
    return block === 0 ? 0 : (this.#blocks[block - 1]?.branch ?? this.#branch)
  }

  /** Takes the last blocks back, with all they did. Gives the transactions that were in them, oldest first. */
  revert(depth: number): readonly Included[] {
    const gone = this.#blocks.splice(-depth, depth)
    const [first] = gone
    if (first === undefined || gone.length < depth) throw new RangeError(`there are no ${depth} blocks`)
    this.#branch += 1
    const { maps, lists } = this.#state
    for (const [i, map] of maps.entries()) {
      map.clear()
      for (const [key, value] of first.maps[i] ?? []) map.set(key, value)
    }
    for (const [i, list] of lists.entries()) list.length = first.lengths[i] ?? 0
    return gone.flatMap(({ transactions }) => transactions)
  }
}
