import type { Transaction } from '../adapters/memory/blocks.ts'
import type { MemoryChain } from '../adapters/memory/chain.ts'
import type { Random } from '../faults/random.ts'

/** Blocks between two re-orgs. */
const PAUSE = { min: 2, max: 16 } as const
/** Most blocks for which a transaction of a block that is gone is late. */
const LATE_MAX = 6
/** Blocks that it takes to sign up again. */
const LAST_MINUTES = 4
/** What comes back after every re-org: what is there before the world starts. */
const RETURNING = /^(register|publish|result) /
/** What nodes do again. */
const AGAIN = /^(join|form|checkpoint|republish|finalize|evidence) /
/** What must be done when all is over. Whether evidence is, the proofs that nodes hold say. */
const DUTY = /^(join|form|checkpoint|republish|finalize) /

export interface ReorgsInit {
  readonly chain: MemoryChain
  readonly dice: Random
  /** Last block in which nodes can sign up. */
  readonly deadline: number
  readonly note: (line: string) => void
  readonly count: (what: string) => void
}

/**
 * Re-orgs of the chain: the last blocks are replaced by others, one more than there were. What they held comes in another
 * order and place, a few blocks later, or never.
 */
export class Reorgs {
  readonly #init: ReorgsInit
  /** How often each thing was done on this branch: a call may be mined twice. */
  readonly #done = new Map<string, number>()
  /** What was done on a branch that is gone, and is not done on this one. */
  readonly #undone = new Set<string>()
  /** Of these, what no block gets again unless somebody does it again. */
  readonly #dropped = new Set<string>()
  /** By block that they come back in. */
  readonly #late = new Map<number, Transaction[]>()
  #due = Infinity
  /** A re-org was deeper than what nodes take for final. */
  isDeep = false

  constructor(init: ReorgsInit) {
    this.#init = init
  }

  /** They happen from now on, every so many blocks. */
  start(): void {
    this.#due = this.#init.chain.head + this.#init.dice.int(PAUSE.min, PAUSE.max)
  }

  /** One more instead of the next block, and then none. */
  last(): void {
    this.#due = -Infinity
  }

  /** Duties that were done on a branch that is gone, and not since. */
  get undone(): readonly string[] {
    return [...this.#undone].filter((what) => DUTY.test(what))
  }

  /** Mines the next block; if a re-org is due, on another branch. */
  mine(): void {
    const { chain, dice } = this.#init
    const depth = dice.int(1, Math.min(chain.reorgDepth, chain.head - 1))
    if (chain.head < this.#due || this.#isTooLate(depth)) return this.#mine()
    const isLast = this.#due === -Infinity
    this.replace(depth)
    if (isLast) this.#due = Infinity
    else this.start()
  }

  /** A sign-up that is lost right before the deadline cannot be done again. */
  #isTooLate(depth: number): boolean {
    const { chain, deadline } = this.#init
    return chain.head - depth < deadline && chain.head + LAST_MINUTES > deadline
  }

  /** Replaces the last blocks, and mines one more. */
  replace(depth: number): void {
    const { chain, note, count, dice } = this.#init
    note(`re-org of ${depth} blocks at ${chain.head}`)
    count('re-org')
    if (depth > chain.reorgDepth) this.isDeep = true
    const first = chain.head - depth + 1
    for (const { what, run, isDone } of chain.revert(depth)) {
      const isUndone = isDone && this.#count(what, -1) === 0
      if (isUndone) this.#undone.add(what)
      const fate = RETURNING.test(what) ? 0 : dice.fraction()
      if (fate > 2 / 3) {
        if (isUndone) this.#drop(what)
        continue
      }
      const last = fate > 1 / 3 ? first + depth + LATE_MAX : first + depth
      this.#comeBack(dice.int(first, last), { what, run, done: () => undefined })
    }
    for (let i = 0; i <= depth; i += 1) this.#mine()
  }

  /** How often it is done on this branch now. */
  #count(what: string, change: 1 | -1): number {
    const times = (this.#done.get(what) ?? 0) + change
    this.#done.set(what, times)
    return times
  }

  #drop(what: string): void {
    this.#init.count(`re-org drops ${kindOf(what)}`)
    if (AGAIN.test(what)) this.#dropped.add(what)
  }

  /** In no order in particular. */
  #comeBack(block: number, transaction: Transaction): void {
    const others = this.#late.get(block) ?? []
    others.splice(this.#init.dice.int(0, others.length), 0, transaction)
    this.#late.set(block, others)
  }

  #mine(): void {
    const { chain, count } = this.#init
    const next = chain.head + 1
    for (const transaction of this.#late.get(next) ?? []) chain.include(transaction)
    this.#late.delete(next)
    for (const what of chain.mine()) {
      this.#count(what, 1)
      this.#undone.delete(what)
      if (this.#dropped.delete(what)) count(`done again: ${kindOf(what)}`)
    }
  }
}

function kindOf(what: string): string {
  return what.split(' ', 1)[0] ?? ''
}
