import {
  decodeAnswer,
  decisions,
  encodeDecision,
  nameOf,
  PARTY_KEYS_MAX,
} from '../../services/transactions/decisions.ts'
import type {
  Decision,
  DecisionAnswer,
  DecisionCommand,
  Party,
} from '../../services/transactions/decisions.ts'
import type { Address } from '../../types/ids.ts'
import type { TxName } from '../../types/transaction.ts'

/** What this node has of tasks whose states are logs of commands. */
export interface CommandLogs {
  /** Of a reducer, oldest first. `isOpen`: a height is decided, and not the last one. */
  tasks(reducer: string): readonly {
    readonly task: bigint
    /** 0: it goes on from none. */
    readonly predecessor: bigint
    readonly keys: readonly Address[]
    readonly isOpen: boolean
  }[]
  /** Null: no such task runs here. `refused`: it is not applied, and never will be. */
  propose(
    task: bigint,
    command: Uint8Array,
    request: null,
  ): Promise<{ readonly result: Uint8Array } | { readonly refused: string }> | null
  /** State of the machine after the last height that this node has decided; null: none. */
  machineState(task: bigint): Uint8Array | null
  /** @returns ends it */
  onDecided(listener: () => void): () => void
}

/** Parties that a log can hear, by the keys that are members of it. */
export interface Parties {
  readonly log: bigint
  readonly parties: readonly Party['keys'][]
}

/** The agreed log in which transactions are decided, as this node takes part in it. */
export class AgreedLog {
  readonly #logs: CommandLogs

  constructor(logs: CommandLogs) {
    this.#logs = logs
  }

  /**
   * The newest log of which all first keys are members; null: there is none.
   *
   * @param groups of each store the keys that may speak for it, the one that leads first
   */
  find(groups: readonly (readonly Address[])[]): Parties | null {
    for (const { task, keys, isOpen } of this.#logs.tasks(decisions.id).toReversed()) {
      const isHeard = isOpen && groups.every(([first]) => first !== undefined && keys.includes(first))
      if (!isHeard) continue
      const known = groups.map((group) => group.filter((key) => keys.includes(key)))
      return { log: task, parties: partiesOf(known) }
    }
    return null
  }

  /** What the log says to a command, once a height holds it; null: this node can tell it nothing. */
  async submit(log: bigint, command: DecisionCommand): Promise<DecisionAnswer | null> {
    for (let task: bigint | null = log; task !== null; task = this.#next(task)) {
      const said = await this.#logs.propose(task, encodeDecision(command), null)
      if (said !== null && 'result' in said) return decodeAnswer(said.result)
    }
    return null
  }

  /** What this node knows of a decision: it does not change any more. `none`: there is no record, null: nothing is known. */
  decisionOf(log: bigint, name: TxName): Decision | 'none' | null {
    let last = log
    for (let task = this.#next(log); task !== null; task = this.#next(task)) last = task
    for (const task of [last, log]) {
      const bytes = this.#logs.machineState(task)
      const state = bytes === null ? null : decisions.state.decode(bytes)
      if (state !== null) return state.find((row) => nameOf(row) === nameOf(name))?.decision ?? 'none'
    }
    return null
  }

  onDecided(listener: () => void): () => void {
    return this.#logs.onDecided(listener)
  }

  /** The task that goes on from another one. */
  #next(task: bigint): bigint | null {
    return this.#logs.tasks(decisions.id).find(({ predecessor }) => predecessor === task)?.task ?? null
  }
}

/** Who leads comes first, then others as long as there is room. */
function partiesOf(groups: readonly (readonly Address[])[]): Party['keys'][] {
  const chosen = new Set(groups.flatMap(([first]) => first ?? []))
  for (const key of groups.flat()) if (chosen.size < PARTY_KEYS_MAX) chosen.add(key)
  return groups.map((group) => group.filter((key) => chosen.has(key)).sort())
}
