import { equalBytes, keccak, toHex } from '../codec/hex.ts'
import type { Logger } from '../ports/logger.ts'
import type { Freezes } from '../ports/freezes.ts'
import type { ReducerRunner, RunnerResult } from '../ports/reducer-runner.ts'
import type { Store } from '../ports/store.ts'
import type { EngineEffect, EngineInput } from '../protocol/io.ts'
import type { ReducerCall } from '../reducers/reducer.ts'
import { invariant } from '../types/errors.ts'
import type { Difference, Frozen } from '../types/frozen.ts'
import type { LedgerEvent } from '../types/ledger.ts'
import type { CalledTask } from './reducer-call.ts'
import { reducerCall } from './reducer-call.ts'
import { answerOf } from './reduction.ts'
import type { TwinCheck } from './twin-check.ts'

type Aggregate = Extract<EngineEffect, { kind: 'aggregate' }>
type Decided = Extract<EngineEffect, { kind: 'decided' }>

export interface AggregatorInit extends CalledTask {
  readonly taskId: bigint
  readonly runner: ReducerRunner
  readonly store: Store
  readonly logger: Logger
  readonly twin: TwinCheck | null
  /** The state before height 1. */
  readonly handedOver: () => Uint8Array
  /** Absent: a restart forgets that a task was frozen. */
  readonly freezes?: Freezes | undefined
  readonly give: (input: EngineInput) => void
  readonly onFatal: (error: unknown) => void
}

/** Of a bundle: the machine is at fault, not the code that all members run alike. */
const MACHINE: ReadonlySet<string> = new Set(['hostStack', 'hostMemory'])

/**
 * Runs a task's aggregates. If this machine cannot be relied on for them, since it gave out or has another result than was
 * decided over the same list, the task is frozen: this node votes NIL and follows what the others decide, until it is
 * resumed, or started again with other code.
 */
export class Aggregator {
  readonly #init: AggregatorInit
  #frozen: Frozen | null = null
  #difference: Difference | null = null
  /** Whether the last aggregation of the height gave a state; null before the first. */
  #locallyValid: boolean | null = null
  /** Of the last aggregation: what was aggregated, and the result. */
  #own: { readonly list: string; readonly state: Uint8Array } | null = null

  constructor(init: AggregatorInit) {
    this.#init = init
    this.#restore()
  }

  get frozen(): Frozen | null {
    return this.#frozen
  }

  /** Of the height at which the task was frozen; null if it is not, or for another reason. */
  get difference(): Difference | null {
    return this.#difference
  }

  /** Values are voted for again. False: they were all along. */
  resume(): boolean {
    if (this.#frozen === null) return false
    this.#init.logger.warn('task.resumed', { task: String(this.#init.taskId), why: this.#frozen })
    this.#frozen = null
    this.#difference = null
    this.#init.freezes?.drop(this.#init.cluster.id)
    return true
  }

  run(effect: Aggregate, events: readonly LedgerEvent[]): void {
    const { runner, onFatal } = this.#init
    const { token, height, inputs, closing } = effect
    if (this.#frozen !== null) return this.#init.give(answerOf(token, null))
    const before = (): Uint8Array => this.#previousOf(height)
    const call = reducerCall(this.#init, height, events.slice(0, effect.eventSeq), before, {
      inputs,
      closing,
    })
    runner.run(call).then((result) => this.#take(effect, call, result), onFatal)
  }

  /** Holds the own result against the decided one; whether the own aggregation gave a state, null if there was none. */
  decided({ decided, state }: Decided): boolean | null {
    const { height, share, inputs } = decided
    const listed = inputs.flatMap(({ member, object }) =>
      object.type === 'status' ? [`${member}:${object.stateHash}`] : [],
    )
    const closing = listed.length < inputs.length
    const list = nameOf(height, share.object.eventSeq, closing, listed)
    if (this.#frozen === null && this.#own?.list === list && !equalBytes(this.#own.state, state)) {
      const members = inputs.map(({ member }) => member)
      this.#difference = { height, members, own: toHex(this.#own.state), decided: toHex(state) }
      this.#freeze(height, 'differs')
    }
    const valid = this.#locallyValid
    this.#locallyValid = null
    this.#own = null
    return valid
  }

  #take(effect: Aggregate, call: ReducerCall, result: RunnerResult): void {
    const { logger, taskId, twin, give } = this.#init
    const { token, height } = effect
    this.#locallyValid = result.ok
    if (!result.ok) {
      const members = effect.inputs.map(({ member }) => member)
      logger.warn('reducer.failed', { task: String(taskId), height, members, code: result.code })
      if (MACHINE.has(result.code)) this.#freeze(height, result.code as Frozen)
      return give(answerOf(token, result))
    }
    const listed = effect.inputs.map(({ member, state }) => `${member}:${keccak(state)}`)
    const list = nameOf(height, effect.eventSeq, effect.closing, listed)
    this.#own = { list, state: result.state }
    if (twin === null) give(answerOf(token, result))
    else twin.check(call, height, result.state, (checked) => give(answerOf(token, checked)))
  }

  #freeze(height: number, why: Frozen): void {
    if (this.#frozen !== null) return
    this.#frozen = why
    const { freezes, cluster, logger, taskId } = this.#init
    freezes?.keep(cluster.id, { height, why, code: freezes.code, difference: this.#difference })
    logger.error('task.frozen', { task: String(taskId), height, why })
  }

  /** The same code would come to the same again; other code may have what was missing. */
  #restore(): void {
    const { freezes, cluster, logger, taskId } = this.#init
    const freeze = freezes?.of(cluster.id) ?? null
    if (freeze === null || freezes === undefined) return
    const { height, why, code, difference } = freeze
    if (code === freezes.code) {
      this.#frozen = why
      this.#difference = difference
      return logger.error('task.frozen', { task: String(taskId), height, why, since: 'before the start' })
    }
    freezes.drop(cluster.id)
    logger.warn('task.resumed', { task: String(taskId), why, code: freezes.code, before: code })
  }

  /** The state decided just before a height: the engine aggregates nothing before that is stored. */
  #previousOf(height: number): Uint8Array {
    if (height === 1) return this.#init.handedOver()
    const [before] = this.#init.store.heights(this.#init.cluster.id, height - 1, 1)
    invariant(before !== undefined, `height ${height} is aggregated before ${height - 1} is decided`)
    return before.state
  }
}

function nameOf(height: number, eventSeq: number, closing: boolean, listed: readonly string[]): string {
  return [height, eventSeq, closing, ...listed].join(' ')
}
