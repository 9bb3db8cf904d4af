import { invariant } from '../types/errors.ts'

/** One request of a member's users. */
export interface Request {
  readonly id: string
  readonly tokens: bigint
  /** Windows since the first one began: 2.5 is the middle of the third. */
  readonly arrival: number
}

/** Tokens. */
export interface QueueTotals {
  readonly arrived: bigint
  readonly served: bigint
  readonly dropped: bigint
  /** arrived − served − dropped */
  readonly queued: bigint
}

/** Requests of one member: they arrive by the clock, wait in line, and leave served or dropped. */
export class RequestQueue {
  readonly #requests: readonly Request[]
  /** Of `#requests`, how many have arrived. */
  #due = 0
  #waiting: Request[] = []
  #arrived = 0n
  #served = 0n
  #dropped = 0n

  /** @param requests by arrival */
  constructor(requests: readonly Request[]) {
    const isSorted = requests.every(({ arrival }, i) => arrival >= (requests[i - 1]?.arrival ?? 0))
    invariant(isSorted, 'requests must come by arrival')
    invariant(
      requests.every(({ tokens }) => tokens > 0n),
      'a request costs something',
    )
    this.#requests = requests
  }

  /** Lets everything arrive that is due at `now`, in windows since the first began. */
  arrive(now: number): void {
    for (let next = this.#requests[this.#due]; next !== undefined && next.arrival <= now;) {
      this.#waiting.push(next)
      this.#arrived += next.tokens
      this.#due += 1
      next = this.#requests[this.#due]
    }
  }

  /**
   * The oldest waiting request of at most `tokens`, or null. A large one at the head lets smaller ones pass that fit into
   * what is left, and is the first to be asked in the next window.
   */
  next(tokens: bigint): Request | null {
    return this.#waiting.find((request) => request.tokens <= tokens) ?? null
  }

  /** Takes a waiting request out of line. */
  leave(request: Request, how: 'served' | 'dropped'): void {
    const at = this.#waiting.indexOf(request)
    invariant(at >= 0, `request ${request.id} is not waiting`)
    this.#waiting.splice(at, 1)
    if (how === 'served') this.#served += request.tokens
    else this.#dropped += request.tokens
  }

  totals(): QueueTotals {
    const queued = this.#waiting.reduce((sum, { tokens }) => sum + tokens, 0n)
    return { arrived: this.#arrived, served: this.#served, dropped: this.#dropped, queued }
  }
}
