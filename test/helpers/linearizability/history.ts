/** One operation of a client on one key. Times come from one monotonic clock. */
export interface Operation<I, O> {
  readonly client: string
  readonly key: string
  readonly input: I
  readonly invokedAt: number
  /** Infinity: nobody knows whether it happened; it may still happen. */
  returnedAt: number
  /** Null while the outcome is not known. */
  output: O | null
  /** That holds it, as its node said. */
  height?: number
  /** An answer that nobody has to believe: the output is null then. */
  said?: O | null
}

export type History<I, O> = readonly Operation<I, O>[]

/** Notes what clients ask and what they are answered, in one order. */
export class Recorder<I, O> {
  readonly #clock: () => number
  readonly #operations = new Set<Operation<I, O>>()

  /** @param clock monotonic: a later call never gives less */
  constructor(clock: () => number) {
    this.#clock = clock
  }

  invoke(client: string, key: string, input: I): Operation<I, O> {
    const operation = { client, key, input, invokedAt: this.#clock(), returnedAt: Infinity, output: null }
    this.#operations.add(operation)
    return operation
  }

  answered(operation: Operation<I, O>, output: O, height?: number): void {
    operation.returnedAt = this.#clock()
    operation.output = output
    if (height !== undefined) operation.height = height
  }

  /** It was refused for good. Without it the history must be right: so a refused command that was applied shows. */
  refused(operation: Operation<I, O>): void {
    this.#operations.delete(operation)
  }

  /** Whether anybody waits for an answer now. */
  get isBusy(): boolean {
    return [...this.#operations].some(({ output }) => output === null)
  }

  get history(): Operation<I, O>[] {
    return [...this.#operations]
  }
}

/** The histories of each key: a history is linearizable if those of all its keys are (Herlihy and Wing, theorem 1). */
export function byKey<I, O>(history: History<I, O>): ReadonlyMap<string, Operation<I, O>[]> {
  const keys = new Map<string, Operation<I, O>[]>()
  for (const operation of history) {
    const known = keys.get(operation.key)
    if (known === undefined) keys.set(operation.key, [operation])
    else known.push(operation)
  }
  return keys
}
