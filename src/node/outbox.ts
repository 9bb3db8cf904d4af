import type { Chain, PreparedCall, SendOutcome } from '../ports/chain.ts'
import type { Store } from '../ports/store.ts'
import { inTurn } from './passing.ts'

/**
 * Transactions that must reach the chain: written down before they are sent, struck off once they are mined or the
 * contract refuses them. What a restart finds is sent again; the contracts make a second arrival harmless. A re-org can
 * take back what was mined: whoever sent it looks for its event, and sends it again under the same name.
 */
export class Outbox {
  readonly #store: Store
  readonly #chain: Chain
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: Store, chain: Chain) {
    this.#store = store
    this.#chain = chain
  }

  get length(): number {
    return this.#store.outbox().length
  }

  /** Sends in turn, one at a time. Rejects with the chain's error; the entry then stays for `resume`. */
  async send(id: string, call: PreparedCall): Promise<SendOutcome> {
    this.#store.enqueue({ id, to: call.to, data: call.data })
    const outcome = await this.sendOnce(call)
    this.#store.settle(id)
    return outcome
  }

  /** Sends in turn and keeps nothing: for what has to be decided again before it is sent again. */
  sendOnce(call: PreparedCall): Promise<SendOutcome> {
    const turn = this.#last.then(
      () => this.#chain.send(call),
      () => this.#chain.send(call),
    )
    this.#last = turn
    return turn
  }

  /** Sends what a former run, or a failed attempt, left behind. Not while something is being sent. */
  async resume(): Promise<void> {
    await inTurn(this.#store.outbox(), async ({ id, to, data }) => {
      await this.send(id, { to, data })
    })
  }
}
