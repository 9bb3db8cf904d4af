import type { EngineEffect } from '../protocol/io.ts'
import type { Logger } from '../ports/logger.ts'
import type { StateSource } from '../ports/state-source.ts'
import { InvariantError } from '../types/errors.ts'
import type { LedgerEvent } from '../types/ledger.ts'

export interface ToldSourceInit {
  readonly taskId: bigint
  readonly source: StateSource
  readonly logger: Logger
}

/** Tells the application what was decided. What it makes of that is not the protocol's concern: a failure is logged, no more. */
export class ToldSource {
  readonly #init: ToldSourceInit

  constructor(init: ToldSourceInit) {
    this.#init = init
  }

  /** The state before height 1. */
  handedOver(state: Uint8Array): void {
    const { source } = this.#init
    this.#tell(0, () => source.handedOver?.(state.slice()))
  }

  /** @param height decided last */
  posted({ seq, kind, data }: LedgerEvent, height: number): void {
    this.#tell(height, () => this.#init.source.posted?.({ seq, kind, data: data.slice() }))
  }

  /** A height, with the inputs of its list whose bytes are known. */
  decided({ decided, state, bodies }: Extract<EngineEffect, { kind: 'decided' }>): void {
    const { source } = this.#init
    const { height } = decided
    const inputs = decided.inputs.flatMap(({ member, object }) => {
      const body = object.type === 'status' ? bodies.get(object.stateHash) : undefined
      return body === undefined ? [] : [{ member, state: body.slice() }]
    })
    this.#tell(height, () => source.decided({ height, state: state.slice(), inputs }))
  }

  /** The chain has ended the task. */
  ended(height: number, state: Uint8Array): void {
    const { source } = this.#init
    this.#tell(height, () => source.ended?.(height, state.slice()))
  }

  /** @param height decided last */
  over(height: number): void {
    this.#tell(height, () => this.#init.source.over?.())
  }

  #tell(height: number, tell: () => void): void {
    const { logger, taskId } = this.#init
    try {
      tell()
    } catch (error) {
      if (error instanceof InvariantError) throw error
      logger.error('source.failed', { task: String(taskId), height, error: String(error) })
    }
  }
}
