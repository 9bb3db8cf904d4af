import { fromHex } from '../codec/hex.ts'
import type { SourceRequest } from '../node/node-init.ts'
import type { CommandJournal } from '../ports/command-journal.ts'
import type { StateSource } from '../ports/state-source.ts'
import { findMachine, reducerIds } from '../reducers/catalog.ts'
import { paramsCodec } from '../reducers/command-log/reducer.ts'
import type { Address, Digest } from '../types/ids.ts'
import { goesOn } from '../types/task.ts'
import type { Known, Proposed } from './agreement.ts'
import { Agreement } from './agreement.ts'
import type { InLine } from './line.ts'
import { Line } from './line.ts'

export interface AgreementsInit {
  /** The commands of one task. */
  readonly journal: (cluster: Digest) => CommandJournal
  /** Unix time, ms. */
  readonly clockMs: () => number
  /** A number in [0, 2^20) that others do not draw. */
  readonly chance: () => number
}

/** Tasks that are over and can still be asked what became of a command, those that were over last: each has a file open. */
const OVER_MAX = 16
interface Task {
  readonly reducer: string
  readonly predecessor: bigint
  readonly keys: readonly Address[]
  readonly agreement: Agreement
}

/** The stock machines as an application of a node: one agreement for each of its tasks. */
export class Agreements {
  readonly reducers = reducerIds().filter((id) => findMachine(id) !== null)
  readonly #init: AgreementsInit
  readonly #byTask = new Map<bigint, Task>()
  readonly #over = new Set<bigint>()
  readonly #lines = new Map<Address, Line>()
  readonly #listeners = new Set<() => void>()

  constructor(init: AgreementsInit) {
    this.#init = init
  }

  /** @throws RsdpError E_JOURNAL */
  open(request: SourceRequest): StateSource | null {
    const { taskId, reducer, params, cluster, self, decided, inputsAt, wish, line: address } = request
    const machine = findMachine(reducer)
    const logParams = paramsCodec.decode(fromHex(params.reducerParams))
    if (machine === null || logParams === null) return null
    const { journal, clockMs, chance } = this.#init
    const line = address === null ? null : this.#line(address)
    const agreement = new Agreement({
      ...{ machine, self, decided, inputsAt, wish, clockMs, chance },
      params: logParams,
      heights: params.heights,
      goesOn: goesOn(params),
      inputCap: params.inputCap,
      seats: cluster.members.map(({ key, weight }) => ({ key, weight })),
      journal: journal(cluster.id),
      ...(line === null ? {} : { onLeft: () => line.moveOn() }),
    })
    const keys = cluster.members.map(({ key }) => key)
    this.#byTask.set(taskId, { reducer, predecessor: params.predecessor, keys, agreement })
    line?.add(taskId, params.predecessor, agreement)
    return {
      handedOver: (state) => agreement.handedOver(state),
      observe: () => agreement.observe(),
      decided: (decision) => {
        agreement.decided(decision)
        for (const listen of this.#listeners) listen()
      },
      ended: (height, state) => agreement.ended(height, state),
      over: () => this.#forgetBeyond(taskId),
    }
  }

  /** A task of a line was drawn without this node, which was a member before. */
  drawnElsewhere(address: Address, taskId: bigint, predecessor: bigint): void {
    this.#lines.get(address)?.add(taskId, predecessor, null)
  }

  /** Null: this node has no such task, or its reducer takes no commands. @throws RsdpError E_JOURNAL */
  propose(taskId: bigint, command: Uint8Array, request: string | null): Promise<Proposed> | null {
    return this.#byTask.get(taskId)?.agreement.propose(command, request) ?? null
  }

  /** What became of a command, by its name; null: nothing is known of it here. @throws RsdpError E_JOURNAL */
  outcome(taskId: bigint, request: string): Known | null {
    return this.#byTask.get(taskId)?.agreement.outcome(request) ?? null
  }

  /** Tasks of a reducer that run here, oldest first. `isOpen`: a height is decided, and not the last one. */
  tasks(reducer: string): readonly {
    readonly task: bigint
    /** 0: it goes on from none. */
    readonly predecessor: bigint
    readonly keys: readonly Address[]
    readonly isOpen: boolean
  }[] {
    return [...this.#byTask]
      .filter(([, one]) => one.reducer === reducer)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([task, { agreement, predecessor, keys }]) => ({
        task,
        predecessor,
        keys,
        isOpen: agreement.isOpen,
      }))
  }

  /** State of the machine of a task after the last height that is decided here; null: none. */
  machineState(taskId: bigint): Uint8Array | null {
    return this.#byTask.get(taskId)?.agreement.machineState() ?? null
  }

  /** Tells of each height of any of the tasks, from now on. @returns ends it */
  onDecided(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Proposes to the task of a line that decides now; null: this node is, and was, in no task of such a line that takes commands.
   *
   * @throws RsdpError E_JOURNAL
   */
  proposeInLine(line: Address, command: Uint8Array, request: string): Promise<InLine<Proposed>> | null {
    return this.#lines.get(line)?.propose(command, request) ?? null
  }

  /** What became of a command of a line, by its name; null: nothing is known of it here. @throws RsdpError E_JOURNAL */
  outcomeInLine(line: Address, request: string): InLine<Known> | null {
    return this.#lines.get(line)?.outcome(request) ?? null
  }

  #line(address: Address): Line {
    const line = this.#lines.get(address) ?? new Line()
    this.#lines.set(address, line)
    return line
  }

  /** Of many tasks that are over, the first is let go of that has left nothing to a next one. */
  #forgetBeyond(taskId: bigint): void {
    this.#byTask.get(taskId)?.agreement.over()
    this.#over.add(taskId)
    const oldest = [...this.#over].find((one) => this.#byTask.get(one)?.agreement.left.length === 0)
    if (this.#over.size <= OVER_MAX || oldest === undefined) return
    this.#byTask.get(oldest)?.agreement.close()
    this.#over.delete(oldest)
    this.#byTask.delete(oldest)
    for (const line of this.#lines.values()) line.forget(oldest)
  }

  /** Closes the journals; nothing is proposed afterwards. */
  close(): void {
    for (const { agreement } of this.#byTask.values()) agreement.close()
    this.#byTask.clear()
    this.#lines.clear()
  }
}
