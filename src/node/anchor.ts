import type { Chain, PreparedCall, SendOutcome } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { CheckpointBox } from '../protocol/state.ts'
import type { Cluster } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'
import type { CheckpointSources } from './checkpoint-call.ts'
import { checkpointCall, rootBefore } from './checkpoint-call.ts'
import type { Outbox } from './outbox.ts'
import { settledAt } from './settled.ts'

export interface AnchorInit {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly params: TaskParams
  readonly chain: Chain
  readonly store: Store
  readonly outbox: Outbox
  readonly logger: Logger
}

/** Turns that a member waits for late signatures once it has a quorum of them. */
const PATIENCE_POLLS = 2
/** Polls without a new attempt after the contract refused one: most often somebody else was quicker. */
const REFUSED_POLLS = 8
/** The call was mined when the turn had passed on: the next turn is waited for, not longer. */
const TURN_OVER = 'NotYourTurn'

/**
 * Puts a task's history on chain: whenever it is this member's turn, the oldest checkpoint of quorum weight, and after
 * the last height the result. The contract takes a checkpoint from nobody else. The turn passes on by blocks if its owner
 * is silent, so nobody is needed in particular.
 */
export class Anchor {
  readonly #init: AnchorInit
  readonly #certified = new Map<number, { box: CheckpointBox; polls: number }>()
  #busy = false
  #finalized = false
  #over = false
  /** Head at which the own `finalize` is settled. */
  #settled = 0
  #pause = 0

  constructor(init: AnchorInit) {
    this.#init = init
  }

  certified(box: CheckpointBox): void {
    const polls = this.#certified.get(box.height)?.polls ?? 0
    this.#certified.set(box.height, { box, polls })
  }

  /** The chain has this height for good. */
  anchored(height: number): void {
    for (const certified of this.#certified.keys()) if (certified <= height) this.#certified.delete(certified)
  }

  finalized(): void {
    this.#finalized = true
  }

  /** No height is accepted any more: the last accepted one has the result. */
  over(): void {
    this.#over = true
  }

  /** Looks at the chain and does what is this member's duty now. At most one at a time; called at every poll. */
  async poll(): Promise<void> {
    if (this.#pause > 0) this.#pause -= 1
    if (this.#busy || this.#pause > 0) return
    this.#busy = true
    try {
      await this.#checkpoint()
      await this.#finalize()
    } finally {
      this.#busy = false
    }
  }

  async #checkpoint(): Promise<void> {
    if (this.#certified.size === 0 || this.#over) return
    const { chain, taskId, self, cluster } = this.#init
    const head = await chain.logHead(taskId)
    const next = [...this.#certified.values()]
      .filter(({ box }) => box.height > head.last)
      .sort((a, b) => a.box.height - b.box.height)[0]
    if (next === undefined) return
    next.polls += 1
    const complete = next.box.signed.size === cluster.members.length
    if ((!complete && next.polls <= PATIENCE_POLLS) || head.turn !== self) return
    const call = checkpointCall(this.#sources(), next.box, head.last)
    if (call === null) return
    await this.#send(`checkpoint/${taskId}/${next.box.height}`, 'checkpoint', chain.prepareCheckpoint(call), {
      height: next.box.height,
      signers: next.box.signed.size,
    })
  }

  #sources(): CheckpointSources {
    const { taskId, cluster, params, store } = this.#init
    return { taskId, cluster: cluster.id, members: cluster.members.length, params, store }
  }

  /** The member whose turn it is publishes the last state. */
  async #finalize(): Promise<void> {
    const { chain, taskId, self, cluster, params, store } = this.#init
    if (this.#finalized || (this.#certified.size > 0 && !this.#over)) return
    const isComplete = store.heights(cluster.id, params.heights, 1).length > 0
    if (!isComplete && !this.#over) return
    const block = await chain.head()
    if (block < this.#settled) return
    const head = await chain.logHead(taskId)
    const height = this.#over ? head.last : params.heights
    const [last] = store.heights(cluster.id, height, 1)
    if (head.last !== height || height === 0 || last === undefined || head.turn !== self) return
    const previousRoot = rootBefore(store, cluster.id, height)
    const { inputsRoot, inputs } = last.decided.share.object
    const result = { state: last.state, previousRoot, inputsRoot, inputs }
    const call = chain.prepareFinalize(taskId, result)
    const outcome = await this.#send(`finalize/${taskId}`, 'finalize', call, { height })
    if (outcome.kind === 'mined') this.#settled = settledAt(outcome, block, chain.reorgDepth)
  }

  async #send(
    id: string,
    what: string,
    call: PreparedCall,
    facts: Record<string, unknown>,
  ): Promise<SendOutcome> {
    const { outbox, logger, taskId } = this.#init
    const outcome = await outbox.send(id, call)
    const task = String(taskId)
    if (outcome.kind === 'reverted') {
      if (outcome.error !== TURN_OVER) this.#pause = REFUSED_POLLS
      logger.info(`${what}.refused`, { task, ...facts, error: outcome.error })
      return outcome
    }
    const { block, hash, gasUsed } = outcome
    logger.info(`${what}.mined`, { task, ...facts, block, tx: hash, gasUsed: Number(gasUsed) })
    return outcome
  }
}
