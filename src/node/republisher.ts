import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { Outbox } from './outbox.ts'
import type { Checkpointed, Copy, RepublishSeat } from './republish.ts'
import { republishOf } from './republish.ts'

export interface RepublisherInit extends RepublishSeat {
  readonly chain: Chain
  readonly outbox: Outbox
  readonly logger: Logger
}

/** Looks at the chain for which a checkpoint is kept: others may mend it meanwhile. */
const LOOKS = 8

interface Open {
  readonly checkpoint: Checkpointed
  readonly copies: Copy[]
  looks: number
}

/**
 * Publishes again what the submitter of a checkpoint replaced: the own note, or the hints of the shared log. At most once
 * per checkpoint, and only if no copy on chain has it. Hints are every signer's, so each waits for its turn.
 */
export class Republisher {
  readonly #init: RepublisherInit
  readonly #open = new Map<number, Open>()

  constructor(init: RepublisherInit) {
    this.#init = init
  }

  checkpointed(checkpoint: Checkpointed): void {
    const isBroken = republishOf(this.#init, checkpoint, []) !== null
    if (isBroken) this.#open.set(checkpoint.height, { checkpoint, copies: [], looks: 0 })
  }

  republished({ height, hints, notes }: Extract<ChainEvent, { kind: 'republished' }>): void {
    this.#open.get(height)?.copies.push({ hints, notes })
  }

  /** A fault of the chain leaves it for the next look. */
  async poll(): Promise<void> {
    const { taskId, self, chain } = this.#init
    for (const [height, open] of this.#open) {
      const call = republishOf(this.#init, open.checkpoint, open.copies)
      if (call !== null && call.notes === '0x' && open.looks < LOOKS) {
        open.looks += 1
        if ((await chain.logHead(taskId)).turn !== self) continue
      }
      this.#open.delete(height)
      if (call !== null) await this.#send(height, call)
    }
  }

  async #send(height: number, call: Parameters<Chain['prepareRepublish']>[0]): Promise<void> {
    const { taskId, chain, outbox, logger } = this.#init
    const outcome = await outbox.send(`republish/${taskId}/${height}`, chain.prepareRepublish(call))
    const facts = { task: String(taskId), height }
    if (outcome.kind === 'reverted') logger.warn('republish.refused', { ...facts, error: outcome.error })
    else {
      const { block, hash, gasUsed } = outcome
      logger.info('republish.mined', { ...facts, block, tx: hash, gasUsed: Number(gasUsed) })
    }
  }
}
