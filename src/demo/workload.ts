import type { DecidedState, StateSource } from '../ports/state-source.ts'
import { rateLimit } from '../reducers/rate-limit.ts'
import { invariant } from '../types/errors.ts'
import type { MemberIndex } from '../types/ids.ts'
import { arrivalsOf } from './trace.ts'
import type { TraceRow } from './trace.ts'

export interface RateLimitSourceInit {
  readonly rows: readonly TraceRow[]
  /** Own seat in the cluster. */
  readonly member: MemberIndex
  /** n, the number of seats. */
  readonly members: number
  /** Highest demand the task lets a member claim, tokens. */
  readonly demandMax: bigint
  /** What was decided before a restart: heights 1 … k, ascending. */
  readonly decided?: readonly DecidedState[]
}

/**
 * A node in front of an LLM provider: requests come in, wait in a queue, and leave as the decided shares allow.
 *
 *   queue(h) = queue(h − 1) − served(h − 1) + arrivals(h),  served(h) = min(share(h), queue(h))
 *
 * arrivals(h) are the tokens of window h that belong to this member; share(h) is its row in the state decided at h, 0 if
 * it has none; what a share does not cover waits. After the last window nothing arrives. The queue follows from the
 * trace and the decided states alone: a source that is restarted with them says what it said before.
 */
export class RateLimitSource implements StateSource {
  readonly #arrivals: readonly bigint[]
  readonly #member: MemberIndex
  readonly #demandMax: bigint
  /** queue(1) … queue(k + 1) after k decided heights. */
  readonly #queues: bigint[]
  #servedTotal = 0n

  constructor({ rows, member, members, demandMax, decided = [] }: RateLimitSourceInit) {
    invariant(member >= 0 && member < members, `member ${member} of ${members}`)
    this.#arrivals = arrivalsOf(rows, member, members)
    this.#member = member
    this.#demandMax = demandMax
    this.#queues = [this.#arrivalsAt(1)]
    for (const decision of decided) this.decided(decision)
  }

  /** Tokens served so far by decided shares. */
  get servedTotal(): bigint {
    return this.#servedTotal
  }

  /** Tokens waiting at `height`, before its share: known from height 1 to the one after the last decided. */
  queueAt(height: number): bigint {
    const queue = this.#queues[height - 1]
    invariant(
      queue !== undefined,
      `queue at height ${height} is asked for after ${this.#decidedHeights} decisions`,
    )
    return queue
  }

  /** The queue as demand, cut at demandMax. Same answer however often it is asked. Rejects for unknown queues. */
  async observe(height: number): Promise<Uint8Array> {
    const queue = await Promise.resolve(this.queueAt(height))
    const demand = queue < this.#demandMax ? queue : this.#demandMax
    return rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand, share: 0n }] })
  }

  /** Serves the share. Heights come in order without gaps; one that was seen before changes nothing. */
  decided({ height, state }: DecidedState): void {
    if (height <= this.#decidedHeights) return
    invariant(height === this.#decidedHeights + 1, `height ${height} decided after ${this.#decidedHeights}`)
    const queue = this.queueAt(height)
    const share = this.#shareIn(state)
    const served = share < queue ? share : queue
    this.#servedTotal += served
    this.#queues.push(queue - served + this.#arrivalsAt(height + 1))
  }

  get #decidedHeights(): number {
    return this.#queues.length - 1
  }

  #arrivalsAt(height: number): bigint {
    return this.#arrivals[height - 1] ?? 0n
  }

  #shareIn(state: Uint8Array): bigint {
    const decoded = rateLimit.state.decode(state)
    invariant(decoded !== null, 'a decided state is not canonical')
    return decoded.rows.find((row) => row.member === this.#member)?.share ?? 0n
  }
}
