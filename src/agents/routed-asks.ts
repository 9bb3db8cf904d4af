import type { Clock } from '../ports/clock.ts'
import type { Admitted } from '../ports/gateway.ts'
import type { Stores } from '../ports/stores.ts'
import { Requests } from '../services/gateway/requests.ts'
import type { Answer } from '../services/gateway/requests.ts'
import { PATIENCE_MS } from '../types/gateway.ts'
import { refusedAs } from '../types/store-request.ts'
import type { StoreAnswer, StoreAsk, StoreRefusal } from '../types/store-request.ts'

export interface RoutedAsksInit {
  readonly clock: Clock
  readonly stores: Pick<Stores, 'ask'>
  /** How long an answer is kept for a client that asks again, ms. */
  readonly keepMs: number
}

/** One call: who asks, how urgently, and for how long. */
export interface AskTerms {
  /** The same for a call that is made again. */
  readonly id: string
  readonly priority: number
  readonly patienceMs: number
}

interface Work {
  readonly task: bigint
  readonly service: number
  readonly ask: StoreAsk
}

/** There is one way: `stores` knows who leads, and sends it there. */
const WAY = [{ host: 'store', via: 'store' }] as const
/**
 * Longer than anybody’s patience: `stores` always says how an attempt ended. A process that stood still must not take a write for lost
 * that is under way.
 */
const ATTEMPT_MS = 2 * PATIENCE_MS.most
const IN_FLIGHT_MAX = 256
const WRITES_MAX = 16_384
/** Answers to reads have values in them. */
const READS_MAX = 512
const WAITERS_MAX = 8
const PAUSE_MS = 50

/** Nothing was done, and soon another one may answer: while a primary has died and the next one is not agreed on. */
const PASSING: ReadonlySet<StoreRefusal> = new Set([
  'not-primary',
  'no-quorum',
  'not-begun',
  'no-copy',
  'behind',
])

/**
 * Asks of clients, each answered once: again and again, urgent ones first, while nobody can answer and the client's patience
 * lasts. What was asked twice is done once where the ask has an id of its session; else `unknown-outcome` ends it.
 */
export class RoutedAsks {
  readonly #init: RoutedAsksInit
  /** Those that change something: asked again, they get the answer that they had. */
  readonly #writes: Requests<Work, StoreAnswer, 'store'>
  readonly #reads: Requests<Work, StoreAnswer, 'store'>
  readonly #waiting = new Map<string, ((answer: StoreAnswer) => void)[]>()
  /** Why there is no answer so far: that something may have been done outlives all later words that nothing was. */
  readonly #last = new Map<string, StoreAnswer>()
  #stopTicks: (() => void) | null = null

  constructor(init: RoutedAsksInit) {
    this.#init = init
    const policy = { attemptMs: ATTEMPT_MS, inFlightMax: IN_FLIGHT_MAX }
    this.#writes = new Requests({ ...policy, requestsMax: WRITES_MAX, keepMs: init.keepMs })
    this.#reads = new Requests({ ...policy, requestsMax: READS_MAX, keepMs: 0 })
  }

  for(terms: AskTerms): Admitted {
    return { ask: (task, service, ask) => this.#ask(terms, { task, service, ask }) }
  }

  /** Whoever waits is told that nobody knows. */
  stop(): void {
    for (const id of [...this.#waiting.keys()]) this.#answer(id, { refused: 'unknown' })
  }

  #ask({ id, priority, patienceMs }: AskTerms, work: Work): Promise<StoreAnswer> {
    const nowMs = this.#init.clock.nowMs()
    const deadlineMs = nowMs + patienceMs
    const request = { id, priority, deadlineMs, isIdempotent: isIdempotent(work.ask), body: work }
    const known = this.#tableOf(work.ask).take(request, nowMs)
    if (known !== null) return Promise.resolve(answerOf(known, null))
    const waiters = this.#waiting.get(id) ?? []
    if (waiters.length >= WAITERS_MAX) return Promise.resolve(answerOf({ refused: 'busy' }, null))
    const answered = new Promise<StoreAnswer>((resolve) => {
      this.#waiting.set(id, [...waiters, resolve])
    })
    this.#stopTicks ??= this.#init.clock.every(PAUSE_MS, () => this.#tick())
    this.#send()
    return answered
  }

  #tableOf(ask: StoreAsk): Requests<Work, StoreAnswer, 'store'> {
    return ask.kind === 'get' ? this.#reads : this.#writes
  }

  #tick(): void {
    const nowMs = this.#init.clock.nowMs()
    for (const table of [this.#writes, this.#reads])
      for (const { id, answer } of table.expired(nowMs)) this.#answer(id, answer)
    this.#send()
  }

  #send(): void {
    const { clock, stores } = this.#init
    for (const table of [this.#writes, this.#reads])
      for (const { request } of table.due(clock.nowMs(), () => WAY)) {
        const { task, service, ask } = request.body
        void stores.ask(task, service, ask).then((answer) => {
          if (mayAskAgain(answer, request.isIdempotent)) {
            this.#note(request.id, answer)
            table.rejected(request.id)
            return
          }
          const given = table.replied(request.id, answer, clock.nowMs())
          if (given !== null) this.#answer(request.id, given)
        })
      }
  }

  #note(id: string, answer: StoreAnswer): void {
    const before = this.#last.get(id)
    const mayBeDone = before?.code === 'refused' && before.refusal === 'unknown-outcome'
    if (this.#waiting.has(id) && !mayBeDone) this.#last.set(id, answer)
  }

  #answer(id: string, answer: Answer<StoreAnswer>): void {
    const given = answerOf(answer, this.#last.get(id) ?? null)
    for (const resolve of this.#waiting.get(id) ?? []) resolve(given)
    this.#waiting.delete(id)
    this.#last.delete(id)
    if (this.#waiting.size > 0) return
    this.#stopTicks?.()
    this.#stopTicks = null
  }
}

function isIdempotent(ask: StoreAsk): boolean {
  return ask.kind === 'get' || (ask.kind !== 'session' && ask.id !== null)
}

function mayAskAgain(answer: StoreAnswer, isHarmless: boolean): boolean {
  if (answer.code !== 'refused') return false
  return PASSING.has(answer.refusal) || (answer.refusal === 'unknown-outcome' && isHarmless)
}

/** @param last what was said while there was no answer; null: nobody was asked */
function answerOf(answer: Answer<StoreAnswer>, last: StoreAnswer | null): StoreAnswer {
  if ('reply' in answer) return answer.reply
  switch (answer.refused) {
    case 'unknown':
      return refusedAs('unknown-outcome', 'it was sent, and nobody said in time whether it was done')
    case 'late':
      return last ?? refusedAs('no-quorum', 'nobody could be asked in time')
    case 'busy':
      return refusedAs('no-quorum', 'this gateway has no room for more requests')
  }
}
