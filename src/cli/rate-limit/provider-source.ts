import type { Clock } from '../../ports/clock.ts'
import type { DecidedState, StateSource } from '../../ports/state-source.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import { invariant } from '../../types/errors.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
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
  /** Highest demand the task lets a member claim, tokens. */
  readonly demandMax: bigint
  /** What was decided before a restart: heights 1 … k, ascending. */
  readonly decided: readonly DecidedState[]
}

/** Windows from the end of the one whose queue is claimed to the one in which the share is spent. */
export const WINDOWS_AHEAD = 2

/**
 * A node that sends its requests to a provider, each window no more than the cluster agreed on.
 *
 * The provider's windows set the pace: height h claims what is queued when window h of the session is over, is decided
 * while window h + 1 runs, and is spent in window h + 2. As every member counts windows alike, a window is paid by one
 * height only, and all of them together send at most its budget. A height that is decided too late is not spent; its
 * requests are claimed again.
 */
export class ProviderSource implements StateSource {
  readonly #queue: RequestQueue
  readonly #sender: Sender
  readonly #shares = new Map<number, bigint>()
  readonly #init: ProviderSourceInit
  #decidedHeight: number

  constructor(init: ProviderSourceInit) {
    this.#init = init
    this.#queue = new RequestQueue(init.requests)
    for (const decision of init.decided) this.#assumeSent(decision)
    this.#decidedHeight = init.decided.at(-1)?.height ?? 0
    this.#sender = new Sender({
      ...init,
      queue: this.#queue,
      allowance: (window) => this.#shares.get(window - WINDOWS_AHEAD) ?? 0n,
      windows: init.heights + WINDOWS_AHEAD,
    })
  }

  /** Begins to send; ends by itself when the last share can be spent no more. */
  start(): void {
    this.#sender.start()
  }

  /**
   * What is queued beyond the shares that are still to be spent, cut at demandMax. Waits for the end of the height's
   * window. Nothing while the provider cannot be reached: a share would be lost here.
   */
  async observe(height: number): Promise<Uint8Array> {
    await this.#sender.reached(height)
    const demand = this.#sender.isUp ? this.#unclaimed() : 0n
    const { demandMax } = this.#init
    return rateLimit.state.encode({
      budget: 0n,
      rows: [{ member: 0, demand: demand < demandMax ? demand : demandMax, share: 0n }],
    })
  }

  /** Takes the own share into account from its window on. One that was seen before changes nothing. */
  decided({ height, state }: DecidedState): void {
    if (height <= this.#decidedHeight) return
    this.#decidedHeight = height
    this.#shares.set(height, this.#shareIn(state))
    this.#shares.delete(height - WINDOWS_AHEAD - 1)
  }

  #unclaimed(): bigint {
    this.#queue.arrive(this.#sender.now())
    const { queued } = this.#queue.totals()
    const promised = this.#sender.promised()
    return queued > promised ? queued - promised : 0n
  }

  /** What was sent before a restart is not known here: as if every share had been spent. */
  #assumeSent({ height, state }: DecidedState): void {
    this.#queue.arrive(height)
    let left = this.#shareIn(state)
    for (let next = this.#queue.next(left); next !== null; next = this.#queue.next(left)) {
      left -= next.tokens
      this.#queue.leave(next, 'served')
    }
  }

  #shareIn(state: Uint8Array): bigint {
    const decoded = rateLimit.state.decode(state)
    invariant(decoded !== null, 'a decided state is not canonical')
    return decoded.rows.find((row) => row.member === this.#init.member)?.share ?? 0n
  }
}

/** Name of the session that the members of a task share; a local chain that starts anew numbers its tasks anew. */
export function sessionName(deploymentId: Digest, taskId: bigint): string {
  return `${deploymentId.slice(0, 34)}-${String(taskId)}`
}
