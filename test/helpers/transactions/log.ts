import type { CommandLogs } from '../../../src/agents/transactions/agreed-log.ts'
import { decisions } from '../../../src/services/transactions/decisions.ts'
import type { DecisionState } from '../../../src/services/transactions/decisions.ts'
import type { Address } from '../../../src/types/ids.ts'
import type { Life } from './mortal.ts'

export const LOG = 9n

/** A log of commands that has a quorum whatever happens to those who propose: the machine of production, height by height. */
export class DecisionLog {
  state: DecisionState = decisions.empty
  #height = 0
  #queue: {
    readonly key: Address
    readonly command: Uint8Array
    readonly answer: (result: Uint8Array) => void
  }[] = []
  readonly #listeners = new Set<() => void>()

  turn(agreedMs: number): void {
    this.#height += 1
    const at = { agreedMs: BigInt(agreedMs), token: BigInt(this.#height) }
    this.state = decisions.turn?.(this.state, at) ?? this.state
    const answers = this.#queue.splice(0).map(({ key, command, answer }) => {
      const { state, result } = decisions.apply(this.state, command, { ...at, proposer: key, index: 1n })
      this.state = state
      return () => answer(result)
    })
    for (const answer of answers) answer()
    for (const listener of this.#listeners) listener()
  }

  /** As a member has it. */
  at(key: Address, keys: readonly Address[], life: Life): CommandLogs {
    return {
      tasks: (reducer) =>
        reducer === decisions.id ? [{ task: LOG, predecessor: 0n, keys, isOpen: this.#height > 0 }] : [],
      propose: (_, command) =>
        new Promise((resolve) => {
          if (!life.isOver) this.#queue.push({ key, command, answer: (result) => resolve({ result }) })
        }),
      machineState: () => decisions.state.encode(this.state),
      onDecided: (listener) => {
        const alive = (): void => {
          if (!life.isOver) listener()
        }
        this.#listeners.add(alive)
        return () => void this.#listeners.delete(alive)
      },
    }
  }
}
