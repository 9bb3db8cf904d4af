import type { History, Operation } from './history.ts'
import { byKey } from './history.ts'

/** What one key does, one operation after another. */
export interface Model<S, I, O> {
  readonly empty: S
  /**
   * States that the key may be in after an operation with this answer; none: it cannot have answered so. A null output is an
   * answer that nobody has seen.
   */
  next(state: S, operation: Pick<Operation<I, O>, 'client' | 'input' | 'output'>): readonly S[]
  /** Equal for equal states, and for no others. */
  name(state: S): string
}

export type Verdict =
  | { readonly kind: 'linearizable' }
  /** `longest`: as many operations as any order explains. */
  | { readonly kind: 'violation'; readonly key: string; readonly longest: number; readonly of: number }
  /** Out of time: counts as a failure. */
  | { readonly kind: 'undecided'; readonly key: string }

export interface CheckOptions {
  /** Steps of the search, for each key. */
  readonly stepsMax?: number
}

const STEPS_MAX = 2_000_000

/** Of these, so many where heights are believed first. */
const BELIEVED_STEPS = 20_000

/**
 * Looks for an order of all operations of each key that keeps to their times and that the model allows (Wing and Gong, 1993),
 * with a memo of what was tried: the set of operations behind it and the state (Lowe, 2017). Orders that keep to the heights
 * and the answers that were named are looked through first: whoever named them, an order that the model allows is one.
 */
export function checkHistory<S, I, O>(
  model: Model<S, I, O>,
  history: History<I, O>,
  { stepsMax = STEPS_MAX }: CheckOptions = {},
): Verdict {
  for (const [key, operations] of byKey(history)) {
    const believed = operations.map(({ said, ...one }) => ({ ...one, output: said ?? one.output }))
    if (new Search(model, believed, Math.min(stepsMax, BELIEVED_STEPS), true).run() === true) continue
    const search = new Search(model, operations, stepsMax, false)
    const found = search.run()
    if (found === null) return { kind: 'undecided', key }
    if (!found) return { kind: 'violation', key, longest: search.longest, of: operations.length }
  }
  return { kind: 'linearizable' }
}

class Search<S, I, O> {
  /** Operations that the best order so far explains. */
  longest = 0
  readonly #model: Model<S, I, O>
  readonly #operations: readonly Operation<I, O>[]
  readonly #tried = new Set<string>()
  readonly #byHeight: boolean
  #stepsLeft: number

  constructor(
    model: Model<S, I, O>,
    operations: readonly Operation<I, O>[],
    stepsMax: number,
    byHeight: boolean,
  ) {
    this.#model = model
    this.#byHeight = byHeight
    this.#operations = operations.toSorted(
      (a, b) => (a.height ?? Infinity) - (b.height ?? Infinity) || a.invokedAt - b.invokedAt,
    )
    this.#stepsLeft = stepsMax
  }

  /** Null: the steps are used up. */
  run(): boolean | null {
    const done = this.#from(0n, 0, this.#model.empty)
    return this.#stepsLeft <= 0 && !done ? null : done
  }

  #from(done: bigint, count: number, state: S): boolean {
    this.longest = Math.max(this.longest, count)
    // an operation may be next if none that is left had ended before it began
    let [firstReturn, lowest] = [Infinity, Infinity]
    this.#operations.forEach(({ returnedAt, height = Infinity }, i) => {
      if ((done & (1n << BigInt(i))) !== 0n) return
      firstReturn = Math.min(firstReturn, returnedAt)
      lowest = Math.min(lowest, height)
    })
    // what is left has no known end, and so may never have happened
    if (firstReturn === Infinity) return true
    const present = this.#model.name(state)
    for (const [i, operation] of this.#operations.entries()) {
      const { invokedAt, height = lowest } = operation
      const bit = 1n << BigInt(i)
      if ((done & bit) !== 0n || invokedAt > firstReturn || (this.#byHeight && height > lowest)) continue
      for (const after of this.#model.next(state, operation)) {
        if ((this.#stepsLeft -= 1) <= 0) return false
        const reached = this.#model.name(after)
        // without an answer and without an effect: as if it had not happened yet
        if (reached === present && operation.output === null && operation.height === undefined) continue
        const name = `${(done | bit).toString(36)}|${reached}`
        if (this.#tried.has(name)) continue
        this.#tried.add(name)
        if (this.#from(done | bit, count + 1, after)) return true
      }
    }
    return false
  }
}
