import type { Logger } from '../ports/logger.ts'
import type { StateSource } from '../ports/state-source.ts'

export interface ObserverInit {
  readonly source: StateSource
  readonly taskId: bigint
  readonly logger: Logger
  /** Whether the task lets these bytes be an input: what it refuses is not worth a signature. */
  readonly isValid: (state: Uint8Array) => boolean
  readonly inputBytesMax: number
  /** Ticks in about a second. */
  readonly secondTicks: number
  /** A usable state. May come more than once for a height. */
  readonly observed: (height: number, state: Uint8Array) => void
}

/** What is wanted from the application now. */
interface Question {
  readonly height: number
  /** Calls that have not come back. */
  pending: number
  /** Ticks until the next attempt after a failure. */
  pause: number
  /** Tick of the next attempt. */
  due: number
}

/** Longest pause between two attempts, and patience with a call that does not come back. */
const PAUSE_SECONDS_MAX = 32
/** A source that swallows calls gets no more of them for this height. */
const PENDING_MAX = 4

/**
 * Asks the application for its state. A source that rejects, or answers with what the task does not allow, is asked
 * again after 1 s, 2 s, 4 s … for as long as the height is open: one failure must not cost the member the height.
 */
export class Observer {
  readonly #init: ObserverInit
  #question: Question | null = null
  #tick = 0

  constructor(init: ObserverInit) {
    this.#init = init
  }

  /** Asks for the state of a height, and from now on for no other. */
  ask(height: number): void {
    this.#question = { height, pending: 0, pause: this.#init.secondTicks, due: 0 }
    this.#call(this.#question)
  }

  /** Asks again when it is time. `height` is the one in work: what was asked for another is no longer needed. */
  tick(height: number): void {
    this.#tick += 1
    const question = this.#question
    if (question === null) return
    if (question.height !== height) this.#question = null
    else if (this.#tick >= question.due && question.pending < PENDING_MAX) this.#call(question)
  }

  #call(question: Question): void {
    question.pending += 1
    question.due = this.#tick + PAUSE_SECONDS_MAX * this.#init.secondTicks
    this.#observe(question.height).then(
      (state) => {
        question.pending -= 1
        const fault = this.#faultOf(state)
        if (fault !== null) return this.#failed(question, fault)
        if (this.#question === question) this.#question = null
        this.#init.observed(question.height, state.slice()) // theirs may change
      },
      (error: unknown) => {
        question.pending -= 1
        this.#failed(question, error instanceof Error ? error.message : String(error))
      },
    )
  }

  /** A source that throws instead of rejecting does no more harm. */
  async #observe(height: number): Promise<Uint8Array> {
    return await this.#init.source.observe(height)
  }

  #faultOf(state: Uint8Array): string | null {
    // an application need not be TypeScript
    if (!((state as unknown) instanceof Uint8Array)) return 'not bytes'
    if (state.length > this.#init.inputBytesMax) return `${state.length} bytes are above the input cap`
    return this.#init.isValid(state) ? null : 'not a valid input'
  }

  #failed(question: Question, error: string): void {
    const { logger, taskId, secondTicks } = this.#init
    logger.error('source.failed', { task: String(taskId), height: question.height, error })
    question.due = this.#tick + question.pause
    question.pause = Math.min(2 * question.pause, PAUSE_SECONDS_MAX * secondTicks)
  }
}
