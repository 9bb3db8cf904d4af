import type { Clock } from '../../ports/clock.ts'
import type { RunnerFailure, RunnerFault } from '../../ports/reducer-runner.ts'
import { RsdpError, invariant } from '../../types/errors.ts'
import { EXIT } from '../../types/exit-codes.ts'
import type { Thread } from './thread.ts'
import type { WorkerMessage } from './worker-protocol.ts'

/** Calls that may wait for their turn: a node in all its clusters has one call per task. */
export const CALLS_WAITING_MAX = 64

/** How long a fresh thread may load its modules, ms. Not part of τ: a reducer is not to blame for a cold start. */
const START_TIMEOUT_MS = 60_000

export interface TimedThreadInit<Request, Answer> {
  readonly clock: Clock
  /** τ, ms: from handing the request to the thread until its answer is here. */
  readonly timeoutMs: number
  readonly start: () => Thread<Request, Answer>
}

/** The call that holds the mutex: μ = token. */
interface Holder<Answer> {
  readonly token: number
  readonly sinceMs: number
  release(result: Answer | RunnerFailure): void
}

/**
 * Runs foreign code in one long-lived worker thread under the timed mutex (paper, section 3):
 *
 *   acquire  μ = 0                →  μ ← token, x ≔ 0
 *   release  μ = token ∧ x < τ    →  μ ← 0, the answer is delivered
 *   timeout  μ = token ∧ x ≥ τ    →  thread terminated, `timedOut`, μ ← 0
 *
 * The token is the fence: an answer from a thread that was given up, or for a call that no longer holds the mutex, is
 * counted and dropped. The next call starts a fresh thread.
 */
export class TimedThread<Request, Answer> {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #start: () => Thread<Request, Answer>
  #thread: Thread<Request, Answer> | null = null
  #ready: Promise<Thread<Request, Answer>> | null = null
  #holder: Holder<Answer> | null = null
  #lastToken = 0
  #turn: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #stopped = false
  #answersRefused = 0

  constructor({ clock, timeoutMs, start }: TimedThreadInit<Request, Answer>) {
    invariant(timeoutMs > 0, `τ of ${timeoutMs} ms`)
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#start = start
  }

  /** Late or stale answers that the fence kept out, since construction. */
  get answersRefused(): number {
    return this.#answersRefused
  }

  /** Loads the thread ahead of the first call. Rejects with RsdpError E_REDUCER_WORKER if a module is unusable. */
  async start(): Promise<void> {
    await this.#readyThread()
  }

  run(call: Request): Promise<Answer | RunnerFailure> {
    if (this.#waiting >= CALLS_WAITING_MAX) return Promise.resolve(fault('busy'))
    this.#waiting += 1
    const result = this.#turn.then(() => {
      this.#waiting -= 1
      return this.#runNow(call)
    })
    this.#turn = result.catch(() => undefined)
    return result
  }

  async stop(): Promise<void> {
    this.#stopped = true
    const thread = this.#thread
    this.#giveUp('stopped')
    await thread?.terminate()
    await this.#turn
  }

  async #runNow(call: Request): Promise<Answer | RunnerFailure> {
    if (this.#isStopped()) return fault('stopped')
    const thread = await this.#readyThread().catch((error: unknown) => {
      if (this.#isStopped()) return null
      throw error
    })
    // between `ready` and this turn of the event loop the thread may have died
    if (thread !== this.#thread || thread === null) return fault(this.#isStopped() ? 'stopped' : 'crashed')
    return new Promise((resolve) => {
      this.#acquire(thread, call, resolve)
    })
  }

  /** A method, because the compiler would take a field read before an `await` for still true after it. */
  #isStopped(): boolean {
    return this.#stopped
  }

  #acquire(
    thread: Thread<Request, Answer>,
    call: Request,
    resolve: (result: Answer | RunnerFailure) => void,
  ): void {
    invariant(this.#holder === null, 'the mutex is acquired while it is held')
    const token = ++this.#lastToken
    const cancel = this.#clock.after(this.#timeoutMs, () => this.#giveUp('timedOut'))
    this.#holder = {
      token,
      sinceMs: this.#clock.nowMs(),
      release: (result) => {
        cancel()
        this.#holder = null
        resolve(result)
      },
    }
    thread.postMessage({ token, call })
  }

  /** Takes the mutex from whoever holds it and gives its thread up. */
  #giveUp(code: RunnerFault): void {
    const thread = this.#thread
    this.#thread = null
    this.#ready = null
    void thread?.terminate()
    this.#holder?.release(fault(code))
  }

  #receive(
    thread: Thread<Request, Answer>,
    message: Extract<WorkerMessage<Answer>, { kind: 'answer' }>,
  ): void {
    const holder = this.#holder
    if (thread !== this.#thread || holder?.token !== message.token) {
      this.#answersRefused += 1
    } else if (this.#clock.nowMs() - holder.sinceMs >= this.#timeoutMs) {
      this.#answersRefused += 1
      this.#giveUp('timedOut')
    } else {
      holder.release(message.result)
    }
  }

  #readyThread(): Promise<Thread<Request, Answer>> {
    this.#ready ??= this.#bringUp()
    return this.#ready
  }

  #bringUp(): Promise<Thread<Request, Answer>> {
    return new Promise((resolve, reject) => {
      const thread = this.#start()
      this.#thread = thread
      const fail = (reason: string): void => {
        cancel()
        if (thread === this.#thread) this.#giveUp('crashed')
        reject(workerError(reason))
      }
      const cancel = this.#clock.after(START_TIMEOUT_MS, () => fail('its modules did not load in time'))
      thread.on('message', (message) => {
        if (message.kind === 'answer') {
          this.#receive(thread, message)
        } else if (message.kind === 'unusable') {
          fail(message.reason)
        } else {
          cancel()
          resolve(thread)
        }
      })
      // after `ready`, rejecting changes nothing: what counts then is that the holder hears `crashed`
      thread.on('error', (error) => fail(String(error)))
      thread.on('exit', (code) => fail(`it ended with code ${code}`))
    })
  }
}

function fault(code: RunnerFault): RunnerFailure {
  return { ok: false, code }
}

function workerError(reason: string): RsdpError {
  return new RsdpError({
    code: 'E_REDUCER_WORKER',
    message: `the reducer thread did not start: ${reason}`,
    hint: 'check the reducer module: it must load on its own and default-export a Reducer with an id of its own',
    exit: EXIT.precondition,
    details: { reason },
  })
}
