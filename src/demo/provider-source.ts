import type { Clock } from '../ports/clock.ts'
import type { DecidedState, StateSource } from '../ports/state-source.ts'
import { rateLease } from '../reducers/rate-lease.ts'
import { leaseClaim } from '../reducers/rate-lease-codec.ts'
import type { RateLeaseParams } from '../reducers/rate-lease-codec.ts'
import { invariant } from '../types/errors.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { LeaseHolder } from './lease-holder.ts'
import { RequestQueue } from './request-queue.ts'
import type { Request } from './request-queue.ts'
import { Sender } from './sender.ts'
import type { Provider } from './sender.ts'

export interface ProviderSourceInit {
  readonly provider: Provider
  readonly clock: Clock
  /** Name of the members' common session at the provider. */
  readonly session: string
  /** Requests of the own users, by arrival. */
  readonly requests: readonly Request[]
  /** How many heights the task has. */
  readonly heights: number
  /** Own seat in the cluster. */
  readonly member: MemberIndex
  readonly params: RateLeaseParams
  /** What was decided before a restart: heights 1 … k, ascending. */
  readonly decided: readonly DecidedState[]
}

/**
 * Room that a claim leaves for what may come in before the next one while members claim more than there is, tokens: two
 * requests of a usual size. Else it leaves a floor.
 */
const SCARCE_ROOM = 4_000n

/** Windows in which members send after that of the last height. */
export const WINDOWS_AFTER = 2

/**
 * A node that sends its requests to a provider, in each window no more than its lease allows (`rate-lease@1`).
 *
 * The provider's windows set the pace: height h is claimed as window h + 1 of the session begins, and its leases hold from
 * that window on. Until it is decided, and where it is late, a member sends by the lease before, and once that is over by
 * its floor.
 */
export class ProviderSource implements StateSource {
  readonly #queue: RequestQueue
  readonly #sender: Sender
  readonly #holder: LeaseHolder
  readonly #floor: bigint
  #decidedHeight: number
  #hasBegun = false
  #isScarce = false

  constructor(init: ProviderSourceInit) {
    this.#floor = init.params.floor
    this.#queue = new RequestQueue(init.requests)
    this.#holder = new LeaseHolder(init.member, init.params)
    this.#decidedHeight = init.decided.at(-1)?.height ?? 0
    this.#sender = new Sender({
      ...init,
      queue: this.#queue,
      allowance: (window) => this.#allowance(window),
      windows: init.heights + WINDOWS_AFTER,
      refused: (window) => this.#holder.refusedIn(window),
    })
  }

  /** Begins to send; ends by itself some windows after that of the last height. */
  start(): void {
    this.#sender.start()
  }

  /**
   * What this member wants to send in a window, cut at demandMax: what it has sent in this one, what is queued, and room for
   * what may come in. Waits for the height's window. Nothing while the provider cannot be reached.
   */
  async observe(height: number): Promise<Uint8Array> {
    await this.#sender.reached(height)
    const running = Math.max(1, Math.floor(this.#sender.now()) + 1)
    this.#begin(running)
    const window = this.#holder.claimWindow(running)
    // who does not know the height before must not claim by it
    const isCurrent = this.#sender.isUp && this.#decidedHeight >= height - 1
    const sent = this.#sender.sentIn(window)
    const demand = isCurrent ? this.#demand(window) : sent
    this.#holder.claims(window, demand)
    return rateLease.state.encode(leaseClaim(BigInt(window), demand, sent < demand ? sent : demand))
  }

  /** Holds the lease from now on. A height that was seen before changes nothing. */
  decided({ height, state }: DecidedState): void {
    if (height <= this.#decidedHeight) return
    const decoded = rateLease.state.decode(state)
    invariant(decoded !== null, 'a decided state is not canonical')
    this.#decidedHeight = height
    this.#holder.decided(decoded)
    const claimed = decoded.rows.reduce((sum, { demand }) => sum + demand, 0n)
    this.#isScarce = claimed > decoded.budget
  }

  #allowance(window: number): bigint {
    this.#begin(window)
    return this.#holder.allowance(window)
  }

  /** Whoever first looks at a session that runs may have sent in it before. */
  #begin(window: number): void {
    if (this.#hasBegun || !this.#sender.isUp) return
    this.#hasBegun = true
    if (window > 1) this.#holder.startedIn(window)
  }

  #demand(window: number): bigint {
    this.#queue.arrive(this.#sender.now())
    const { queued } = this.#queue.totals()
    const wanted = this.#sender.sentIn(window) + queued + (this.#isScarce ? SCARCE_ROOM : this.#floor)
    const max = this.#holder.claimMax(window)
    return wanted < max ? wanted : max
  }
}

/** Name of the session that the members of a task share; a local chain that starts anew numbers its tasks anew. */
export function sessionName(deploymentId: Digest, taskId: bigint): string {
  return `${deploymentId.slice(0, 34)}-${String(taskId)}`
}
