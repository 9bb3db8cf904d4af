import { accusedOf, basePercent, heightOf } from '../codec/evidence.ts'
import { seededOrder } from '../codec/roots.ts'
import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { StoredEvidence } from '../ports/store.ts'
import type { Cluster } from '../types/cluster.ts'
import type { Evidence } from '../types/evidence.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { PostedEvent } from '../types/ledger.ts'
import type { TaskParams } from '../types/task.ts'
import type { EvidenceBook } from './evidence-book.ts'
import type { Outbox } from './outbox.ts'
import { inTurn } from './passing.ts'
import { settledAt } from './settled.ts'

export interface AccuserInit {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly params: TaskParams
  readonly chain: Chain
  readonly outbox: Outbox
  readonly logger: Logger
  readonly book: EvidenceBook
  /** Ledger events of the task so far. */
  readonly events: () => readonly PostedEvent[]
}

type Conviction = Extract<ChainEvent, { kind: 'convicted' }>

/** What the contract says to a proof that adds nothing: somebody else was quicker. */
const QUICKER = 'AlreadyConvicted'

/**
 * Brings evidence to the chain. Members who hold it take turns, one block each, in an order that differs from proof to
 * proof; each asks the contract first, so that one of them pays. A proof that convicts nobody is not brought again. One
 * that does, or came second, is looked at again until the conviction is too deep for a re-org.
 */
export class Accuser {
  readonly #init: AccuserInit
  /** Block at which this process first looked at each proof. */
  readonly #since = new Map<Digest, number>()
  /** Head at which the last answer to each proof is settled. */
  readonly #settled = new Map<Digest, number>()

  constructor(init: AccuserInit) {
    this.#init = init
  }

  /** The chain has convicted a member. */
  convicted({ taskId, member, offence, percent, reporter, block }: Conviction): void {
    const { book, cluster, logger } = this.#init
    logger.info('member.convicted', { task: String(taskId), member, offence, percent, reporter, block })
    for (const { id, evidence, status, tx } of book.all) {
      const isOpen = status === 'found' || status === 'submitted'
      if (isOpen && accusedOf(evidence) === member && basePercent(cluster, evidence) <= percent)
        book.mark(id, 'accepted', tx)
    }
  }

  /** Whether there are proofs that have convicted nobody yet, and may. */
  get hasOpen(): boolean {
    return this.#open.length > 0
  }

  get #open(): readonly StoredEvidence[] {
    return this.#init.book.all.filter(({ status }) => status === 'found' || status === 'submitted')
  }

  /** Brings what is this member's turn at the next block. Not while an earlier look is still at it. */
  async poll(head: number): Promise<void> {
    await inTurn(this.#open, async (stored) => {
      if (this.#isTurn(stored, head)) await this.#bring(stored, head)
    })
  }

  #isTurn({ id, evidence }: StoredEvidence, head: number): boolean {
    const { cluster, self } = this.#init
    const accused = accusedOf(evidence)
    if (accused === self) return false
    const since = this.#since.get(id) ?? head
    this.#since.set(id, since)
    if (head < (this.#settled.get(id) ?? 0)) return false
    const others = seededOrder(cluster).filter((member) => member !== accused)
    const first = Number(BigInt(id) % BigInt(others.length))
    const rank = (others.indexOf(self) - first + others.length) % others.length
    return head >= since + rank
  }

  async #bring({ id, evidence, tx }: StoredEvidence, head: number): Promise<void> {
    const { taskId, chain, outbox, book, params, events } = this.#init
    const context = { params, events: events() }
    for (const [i, step] of chain.prepareSteps(taskId, evidence, context).entries()) {
      const isOpen = (await chain.refusal(step)) === null
      if (isOpen) await outbox.send(`${this.#intent(evidence)}/step/${i}`, step)
    }
    const call = chain.prepareEvidence(taskId, evidence, context)
    const refusal = await chain.refusal(call)
    if (refusal !== null) {
      this.#refused({ id, evidence }, refusal, head)
      return
    }
    book.mark(id, 'submitted', tx)
    const outcome = await outbox.send(this.#intent(evidence), call)
    if (outcome.kind === 'reverted') {
      this.#refused({ id, evidence }, outcome.error, head)
      return
    }
    const { block, hash, gasUsed } = outcome
    book.mark(id, 'submitted', hash)
    this.#settled.set(id, settledAt(outcome, head, chain.reorgDepth))
    this.#tell('evidence.submitted', evidence, { block, tx: hash, gasUsed: Number(gasUsed) })
  }

  /** A graver proof of the same kind is another intent. */
  #intent(evidence: Evidence): string {
    const { taskId, cluster } = this.#init
    const percent = basePercent(cluster, evidence)
    return `evidence/${taskId}/${accusedOf(evidence)}/${evidence.kind}/${percent}`
  }

  /** All that a proof needs is deep: only whether there is a conviction already depends on the newest blocks. */
  #refused({ id, evidence }: Pick<StoredEvidence, 'id' | 'evidence'>, error: string, head: number): void {
    const { book, chain } = this.#init
    if (error === QUICKER) {
      this.#settled.set(id, head + chain.reorgDepth)
      return
    }
    book.mark(id, 'refused', null)
    this.#tell('evidence.refused', evidence, { error })
  }

  #tell(what: string, evidence: Evidence, facts: Record<string, unknown>): void {
    const task = String(this.#init.taskId)
    const about = { task, member: accusedOf(evidence), kind: evidence.kind, height: heightOf(evidence) }
    this.#init.logger.info(what, { ...about, ...facts })
  }
}
