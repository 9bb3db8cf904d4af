import type { Chain } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import { reducerHash } from '../reducers/catalog.ts'
import type { Address } from '../types/ids.ts'
import type { TaskParams } from '../types/task.ts'
import { taskRefusal } from './acceptable.ts'
import type { TaskRefusal } from './acceptable.ts'
import type { Outbox } from './outbox.ts'
import { inTurn } from './passing.ts'

export interface SignUpInit {
  readonly key: Address
  readonly chain: Chain
  readonly outbox: Outbox
  readonly logger: Logger
  readonly reducers: readonly string[]
  readonly autoJoin: boolean
}

interface OpenTask {
  readonly params: TaskParams
  readonly keys: Address[]
  asked: boolean
  formAsked: boolean
}

/** Blocks between two members' attempts to draw the cluster: one transaction is enough. */
const FORM_STAGGER_BLOCKS = 2
/** Blocks after the seed within which a cluster can be drawn: the contract can read no older block hash. */
const FORM_WINDOW_BLOCKS = 256

/** Signs up for published tasks that this node can run, and draws the cluster when sign-up is over. */
export class SignUp {
  readonly #init: SignUpInit
  readonly #open = new Map<bigint, OpenTask>()

  constructor(init: SignUpInit) {
    this.#init = init
  }

  published(taskId: bigint, params: TaskParams): void {
    this.#open.set(taskId, { params, keys: [], asked: false, formAsked: false })
  }

  joined(taskId: bigint, key: Address): void {
    this.#open.get(taskId)?.keys.push(key)
  }

  /** While sign-up is open, that is its end; afterwards the cluster is still drawn: its members are paid a height. */
  revoked(taskId: bigint, block: number): void {
    const deadline = this.#open.get(taskId)?.params.joinDeadline
    if (deadline !== undefined && block <= deadline) this.#open.delete(taskId)
  }

  formed(taskId: bigint): void {
    this.#open.delete(taskId)
  }

  /** Does what is due at this block. */
  async poll(head: number): Promise<void> {
    await inTurn(this.#open, async ([taskId, task]) => {
      const seedBlock = task.params.joinDeadline + this.#init.chain.reorgDepth
      if (head > seedBlock + FORM_WINDOW_BLOCKS) this.#open.delete(taskId)
      else if (head < task.params.joinDeadline) await this.#join(taskId, task)
      else await this.#form(taskId, task, head - seedBlock)
    })
  }

  async #join(taskId: bigint, task: OpenTask): Promise<void> {
    const { autoJoin, key, chain, outbox, logger } = this.#init
    if (task.asked || !autoJoin || task.keys.includes(key)) return
    const reason = await this.#refusal(task.params)
    task.asked = true
    if (reason !== null) {
      logger.warn('task.not-joined', { task: String(taskId), reason })
      return
    }
    const outcome = await outbox.send(`join/${taskId}`, chain.prepareJoin(taskId, key))
    logger.info(outcome.kind === 'mined' ? 'task.joined' : 'task.join-refused', {
      task: String(taskId),
      ...(outcome.kind === 'reverted' ? { error: outcome.error } : {}),
    })
  }

  /** Why not to sign up, or null. */
  async #refusal(params: TaskParams): Promise<TaskRefusal | 'registration' | 'stake' | null> {
    const { reducers, chain, key } = this.#init
    if (!reducers.some((id) => reducerHash(id) === params.reducer)) return 'unknown-reducer'
    const refusal = taskRefusal(params)
    if (refusal !== null) return refusal
    const registration = await chain.registration(key)
    if (registration?.active !== true) return 'registration'
    return registration.freeStakeWei < params.stakePerNode ? 'stake' : null
  }

  /** Anyone may draw; those who signed up try one after the other. */
  async #form(taskId: bigint, task: OpenTask, blocksAfterSeed: number): Promise<void> {
    const { key, chain, outbox, logger } = this.#init
    const place = task.keys.indexOf(key)
    if (task.formAsked || place < 0 || blocksAfterSeed < 1 + place * FORM_STAGGER_BLOCKS) return
    task.formAsked = true
    const outcome = await outbox.send(`form/${taskId}`, chain.prepareForm(taskId))
    if (outcome.kind === 'mined') logger.info('cluster.drawn', { task: String(taskId), block: outcome.block })
  }
}
