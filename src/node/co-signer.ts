import type { Chain, PreparedCall } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { CoSignSeat, Checkpointed } from './co-sign.ts'
import { coSignOf } from './co-sign.ts'
import type { Outbox } from './outbox.ts'

export interface CoSignerInit extends CoSignSeat {
  readonly chain: Chain
  readonly store: Store
  readonly outbox: Outbox
  readonly logger: Logger
}

/** What the contract says if the signature is there already. */
const THERE = 'NotMissing'

/**
 * Brings the own signature over the last checkpoint where that left it out, once, so that its heights are paid. Only the
 * last one can be repaired: after a restart it is found again, and the contract, asked first, knows what it has.
 */
export class CoSigner {
  readonly #init: CoSignerInit
  /** The last checkpoint, until nothing is left to do about it. */
  #open: Checkpointed | null = null
  #isConvicted = false

  constructor(init: CoSignerInit) {
    this.#init = init
  }

  checkpointed(checkpoint: Checkpointed): void {
    this.#open = this.#isConvicted ? null : checkpoint
  }

  /** Nothing of this task is paid to a member that is convicted in it. */
  convicted(): void {
    this.#isConvicted = true
    this.#open = null
  }

  /** Not while an earlier look is still at it. A fault of the chain leaves it for the next look. */
  async poll(): Promise<void> {
    const checkpoint = this.#open
    if (checkpoint === null) return
    const { taskId, cluster, chain, store, logger } = this.#init
    const { height } = checkpoint
    const call = coSignOf(this.#init, checkpoint, store.checkpoint(cluster.id, height))
    if (call === 'not-signed') return
    if (call === 'other-root') logger.warn('co-sign.other-root', { task: String(taskId), height })
    if (typeof call === 'object' && (await chain.logHead(taskId)).last === height)
      await this.#bring(height, chain.prepareCoSign(call))
    if (this.#open === checkpoint) this.#open = null
  }

  async #bring(height: number, call: PreparedCall): Promise<void> {
    const { taskId, chain, outbox } = this.#init
    const refusal = await chain.refusal(call)
    if (refusal === THERE) return
    if (refusal !== null) {
      this.#tell('co-sign.refused', { height, error: refusal })
      return
    }
    const outcome = await outbox.send(`co-sign/${taskId}/${height}`, call)
    if (outcome.kind === 'reverted') {
      this.#tell('co-sign.refused', { height, error: outcome.error })
      return
    }
    const { block, hash, gasUsed } = outcome
    this.#tell('co-sign.mined', { height, block, tx: hash, gasUsed: Number(gasUsed) })
  }

  #tell(what: string, facts: Record<string, unknown>): void {
    this.#init.logger.info(what, { task: String(this.#init.taskId), ...facts })
  }
}
