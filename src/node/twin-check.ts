import { equalBytes } from '../codec/hex.ts'
import type { Chain } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { RunnerResult } from '../ports/reducer-runner.ts'
import type { ReducerCall } from '../reducers/reducer.ts'
import type { Address } from '../types/ids.ts'

export interface TwinCheckInit {
  readonly taskId: bigint
  readonly twin: Address
  readonly chain: Pick<Chain, 'twinAggregate'>
  /** How long the twin may take. */
  readonly ticksMax: number
  readonly logger: Logger
}

interface Waiting {
  ticks: number
  readonly height: number
  readonly give: (result: RunnerResult | null) => void
}

/**
 * Nothing is signed in a provable task that the twin would not have computed: a difference between the two reducers must
 * cost a height, not the stake of whoever runs the other one.
 */
export class TwinCheck {
  readonly #init: TwinCheckInit
  readonly #waiting = new Set<Waiting>()

  constructor(init: TwinCheckInit) {
    this.#init = init
  }

  /** Gives the result on, once, if the twin has the same; null if it has another, none, or none in time. */
  check(
    call: ReducerCall,
    height: number,
    state: Uint8Array,
    give: (result: RunnerResult | null) => void,
  ): void {
    const { chain, twin, ticksMax } = this.#init
    const waiting: Waiting = { ticks: ticksMax, height, give }
    this.#waiting.add(waiting)
    const { params, context, inputs, closing = false } = call
    chain.twinAggregate({ twin, params, context, inputs, closing }).then(
      (found) => {
        if (found === null) this.#end(waiting, null, 'the twin reverts')
        else if (equalBytes(found, state)) this.#end(waiting, { ok: true, state }, null)
        else this.#end(waiting, null, 'the twin has another result')
      },
      (error: unknown) => this.#end(waiting, null, error instanceof Error ? error.message : String(error)),
    )
  }

  tick(): void {
    for (const waiting of this.#waiting) {
      waiting.ticks -= 1
      if (waiting.ticks <= 0) this.#end(waiting, null, 'the twin does not answer in time')
    }
  }

  #end(waiting: Waiting, result: RunnerResult | null, reason: string | null): void {
    if (!this.#waiting.delete(waiting)) return
    const { taskId, logger } = this.#init
    if (reason !== null)
      logger.error('twin.differs', { task: String(taskId), height: waiting.height, reason })
    waiting.give(result)
  }
}
