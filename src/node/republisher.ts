import type { Chain, ChainEvent, RepublishCall } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { Outbox } from './outbox.ts'
import type { Checkpointed, Copy, RepublishSeat } from './republish.ts'
import { republishOf } from './republish.ts'
import { settledAt } from './settled.ts'

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
  /** Head at which the own copy is settled. */
  settled: number
}

/**
 * Publishes again what the submitter of a checkpoint replaced: the own note, or the hints of the shared log. Only if no copy on
 * chain has it, and once more where a re-org took the own copy back: a copy counts once its event has been read. Hints are every
 * signer's, so each waits for its turn.
 */
export class Republisher {
  readonly #init: RepublisherInit
  readonly #open = new Map<number, Open>()

  constructor(init: RepublisherInit) {
    this.#init = init
  }

  checkpointed(checkpoint: Checkpointed): void {
    const isBroken = republishOf(this.#init, checkpoint, []) !== null
    if (isBroken) this.#open.set(checkpoint.height, { checkpoint, copies: [], looks: 0, settled: 0 })
  }

  republished({ height, hints, notes }: Extract<ChainEvent, { kind: 'republished' }>): void {
    this.#open.get(height)?.copies.push({ hints, notes })
  }

  /** A fault of the chain leaves it for the next look. */
  async poll(head: number): Promise<void> {
    const { taskId, self, chain } = this.#init
    for (const [height, open] of this.#open) {
      const call = republishOf(this.#init, open.checkpoint, open.copies)
      if (call === null) {
        this.#open.delete(height)
        continue
      }
      if (head < open.settled) continue
      if (call.notes === '0x' && open.looks < LOOKS) {
        open.looks += 1
        if ((await chain.logHead(taskId)).turn !== self) continue
      }
      await this.#send(open, call, head)
    }
  }

  async #send(open: Open, call: RepublishCall, head: number): Promise<void> {
    const { taskId, chain, outbox, logger } = this.#init
    const { height } = call
    const outcome = await outbox.send(`republish/${taskId}/${height}`, chain.prepareRepublish(call))
    const facts = { task: String(taskId), height }
    if (outcome.kind === 'reverted') {
      this.#open.delete(height)
      logger.warn('republish.refused', { ...facts, error: outcome.error })
    } else {
      open.settled = settledAt(outcome, head, chain.reorgDepth)
      const { block, hash, gasUsed } = outcome
      logger.info('republish.mined', { ...facts, block, tx: hash, gasUsed: Number(gasUsed) })
    }
  }
}
