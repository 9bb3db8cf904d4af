import { fromHex } from '../codec/hex.ts'
import type { SourceRequest } from '../node/node-init.ts'
import type { CommandAnswer, CommandJournal } from '../ports/command-journal.ts'
import type { StateSource } from '../ports/state-source.ts'
import { findMachine, reducerIds } from '../reducers/catalog.ts'
import { paramsCodec } from '../reducers/command-log/reducer.ts'
import type { Digest } from '../types/ids.ts'
import { goesOn } from '../types/task.ts'
import type { Proposed } from './agreement.ts'
import { Agreement } from './agreement.ts'

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

/** The stock machines as an application of a node: one agreement for each of its tasks. */
export class Agreements {
  readonly reducers = reducerIds().filter((id) => findMachine(id) !== null)
  readonly #init: AgreementsInit
  readonly #byTask = new Map<bigint, Agreement>()
  readonly #over = new Set<bigint>()

  constructor(init: AgreementsInit) {
    this.#init = init
  }

  /** @throws RsdpError E_JOURNAL */
  open(request: SourceRequest): StateSource | null {
    const { taskId, reducer, params, cluster, self, decided, inputsAt, wish } = request
    const machine = findMachine(reducer)
    const logParams = paramsCodec.decode(fromHex(params.reducerParams))
    if (machine === null || logParams === null) return null
    const { journal, clockMs, chance } = this.#init
    const agreement = new Agreement({
      ...{ machine, self, decided, inputsAt, wish, clockMs, chance },
      params: logParams,
      heights: params.heights,
      goesOn: goesOn(params),
      inputCap: params.inputCap,
      seats: cluster.members.map(({ key, weight }) => ({ key, weight })),
      journal: journal(cluster.id),
    })
    this.#byTask.set(taskId, agreement)
    return {
      handedOver: (state) => agreement.handedOver(state),
      observe: () => agreement.observe(),
      decided: (decision) => agreement.decided(decision),
      over: () => this.#forgetBeyond(taskId),
    }
  }

  /** Null: this node has no such task, or its reducer takes no commands. @throws RsdpError E_JOURNAL */
  propose(taskId: bigint, command: Uint8Array, request: string | null): Promise<Proposed> | null {
    return this.#byTask.get(taskId)?.propose(command, request) ?? null
  }

  /** What became of a command, by its name; null: nothing is known of it here. @throws RsdpError E_JOURNAL */
  outcome(taskId: bigint, request: string): CommandAnswer | 'waiting' | null {
    return this.#byTask.get(taskId)?.outcome(request) ?? null
  }

  /** Of many tasks that are over, the first is let go of. */
  #forgetBeyond(taskId: bigint): void {
    this.#byTask.get(taskId)?.over()
    this.#over.add(taskId)
    const [oldest] = this.#over
    if (this.#over.size <= OVER_MAX || oldest === undefined) return
    this.#byTask.get(oldest)?.close()
    this.#over.delete(oldest)
    this.#byTask.delete(oldest)
  }

  /** Closes the journals; nothing is proposed afterwards. */
  close(): void {
    for (const agreement of this.#byTask.values()) agreement.close()
    this.#byTask.clear()
  }
}
