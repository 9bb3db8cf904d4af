import { stepInPlace } from '../protocol/engine.ts'
import type { EngineEffect, EngineInput } from '../protocol/io.ts'
import type { EngineState } from '../protocol/state.ts'

export interface EngineLoopInit {
  /** Nobody else holds it: it changes with every input. */
  readonly state: EngineState
  readonly carryOut: (effect: EngineEffect) => void
  /** A fault of our own or of the disk; the loop has stopped. */
  readonly onFatal: (error: unknown) => void
}

/** Runs one engine: one input at a time, each with all its effects, in their order. */
export class EngineLoop {
  readonly #init: EngineLoopInit
  readonly #queue: EngineInput[] = []
  readonly #state: EngineState
  #draining = false
  #stopped = false

  constructor(init: EngineLoopInit) {
    this.#init = init
    this.#state = init.state
  }

  get state(): EngineState {
    return this.#state
  }

  get isStopped(): boolean {
    return this.#stopped
  }

  stop(): void {
    this.#stopped = true
    this.#queue.length = 0
  }

  /** Takes an input in turn. Inputs that effects cause come before those that wait. */
  input(input: EngineInput): void {
    if (this.#stopped) return
    this.#queue.push(input)
    if (this.#draining) return
    this.#draining = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.step(next)
    } catch (error) {
      this.stop()
      this.#init.onFatal(error)
    } finally {
      this.#draining = false
    }
  }

  /** Does something beside the engine that may fail as an input may. */
  guarded(run: () => void): void {
    if (this.#stopped) return
    try {
      run()
    } catch (error) {
      this.stop()
      this.#init.onFatal(error)
    }
  }

  /** The answer to an effect that is being carried out: comes before the effects after it. */
  step(input: EngineInput): void {
    for (const effect of stepInPlace(this.#state, input)) this.#init.carryOut(effect)
  }
}
