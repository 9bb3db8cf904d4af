import { keccak } from '../codec/hex.ts'
import { termsHash } from '../codec/roots.ts'
import type { Bundles } from '../ports/bundles.ts'
import type { Chain, ChainEvent } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import { judge, mayPass } from '../policy/judge.ts'
import type { RuleName } from '../policy/judge.ts'
import type { Offer, StockTwins } from '../policy/offer.ts'
import type { Policy } from '../policy/policy.ts'
import { reducerHash } from '../reducers/catalog.ts'
import { chanceOf } from '../types/chance.ts'
import type { Address, Digest } from '../types/ids.ts'
import { seedAt, signedUpAt } from '../types/life.ts'
import type { Moment } from '../types/moment.ts'
import { isReached, later } from '../types/moment.ts'
import type { TaskParams } from '../types/task.ts'
import { goesOn } from '../types/task.ts'
import { taskRefusal } from './acceptable.ts'
import type { TaskRefusal } from './acceptable.ts'
import { foreignTwinCode } from './foreign-twin.ts'
import type { Outbox } from './outbox.ts'
import { inTurn } from './passing.ts'
import { settledAt } from './settled.ts'

export interface SignUpInit {
  readonly key: Address
  readonly chain: Chain
  readonly outbox: Outbox
  readonly logger: Logger
  /** Reducers for which this node has an application. */
  readonly reducers: readonly string[]
  readonly bundles?: Bundles
  readonly autoJoin: boolean
  readonly policy: Policy
  readonly stockTwins: StockTwins
}

type Published = Extract<ChainEvent, { kind: 'taskPublished' }>

/** Why a node does not sign up for a task: it cannot run it, has no registration, or a rule of its policy says no. */
export type JoinRefusal = TaskRefusal | 'no-bundle' | 'sandbox' | 'registration' | 'other-terms' | RuleName

/** The last answer to a task that was not joined. */
export interface NotJoined {
  readonly taskId: string
  readonly reason: JoinRefusal
  readonly text: string
}

interface OpenTask {
  readonly published: Published
  readonly keys: Address[]
  /** Head from which on it is looked at again; Infinity: never. */
  lookAt: number
  /** As far as is known now; a re-org can take it back. */
  joined: boolean
  /** Block of the own sign-up, as events say. */
  joinedAt: number | null
  /** Why the last join was refused. */
  refusal: string | null
  /** Head from which on the cluster may be drawn by this node, again if a re-org took that back. */
  formAt: number
  /** Block of the seed, or where time decides the one before the head at which it was first seen that it has come. */
  seededAt: number | null
  /** It was revoked: if sign-up was open, it is over. */
  revoked: boolean
}

/** Blocks between two members' attempts to draw the cluster: one transaction is enough. */
const FORM_STAGGER_BLOCKS = 2
/** Most blocks after the seed within which a cluster can be drawn, on any chain (EIP-2935): no longer worth remembering. */
const FORM_WINDOW_BLOCKS = 8_191
/** What the board says of a seed block that a re-org has replaced, or made another one the first. */
const REPLACED: ReadonlySet<string> = new Set(['NotTheHeader', 'NotTheFirst'])
/** Blocks until a task is looked at again that may be acceptable later. */
const LOOK_AGAIN_BLOCKS = 8
/** Refusals that are kept to be shown, the newest ones. */
const REFUSED_MAX = 20

/**
 * Signs up for published tasks that this node can run and its policy accepts, and draws the cluster when sign-up is over.
 * What a re-org takes back is done again: a task is let go of once its events are read.
 */
export class SignUp {
  readonly #init: SignUpInit
  readonly #open = new Map<bigint, OpenTask>()
  readonly #refused = new Map<bigint, NotJoined>()

  constructor(init: SignUpInit) {
    this.#init = init
  }

  published(published: Published): void {
    const unseen = { lookAt: 0, joined: false, joinedAt: null, refusal: null, formAt: 0 }
    this.#open.set(published.taskId, { published, keys: [], ...unseen, seededAt: null, revoked: false })
  }

  joined(taskId: bigint, key: Address, block: number): void {
    const task = this.#open.get(taskId)
    task?.keys.push(key)
    if (task !== undefined && key === this.#init.key) task.joinedAt = block
  }

  /** Block in which the own key was signed up for a task that is not drawn yet; null: it was not. */
  joinedAt(taskId: bigint): number | null {
    return this.#open.get(taskId)?.joinedAt ?? null
  }

  /** Whether it is signed up for a task of this reducer that is not drawn yet. */
  isIn(reducer: Digest): boolean {
    const open = [...this.#open.values()]
    return open.some(
      ({ published, keys }) => published.params.reducer === reducer && keys.includes(this.#init.key),
    )
  }

  /** While sign-up is open, that is its end; afterwards the cluster is still drawn: its members are paid a height. */
  revoked(taskId: bigint): void {
    const task = this.#open.get(taskId)
    if (task !== undefined) task.revoked = true
  }

  formed(taskId: bigint): void {
    this.#open.delete(taskId)
  }

  /** Tasks that were not joined, the newest last. */
  refused(): readonly NotJoined[] {
    return [...this.#refused.values()]
  }

  /** Does what is due at this block. */
  async poll(head: number): Promise<void> {
    if (this.#open.size === 0) return
    const { time } = await this.#init.chain.latest()
    const { reorgDepth, seedDelaySeconds } = this.#init.chain
    const windows = { reorgDepth: BigInt(reorgDepth), seedDelaySeconds: BigInt(seedDelaySeconds) }
    await inTurn(this.#open, async ([taskId, task]) => {
      const { params } = task.published
      const seed = seedAt(params, windows)
      const at = { number: BigInt(head), time }
      const isSeeded = isReached(later(seed, 1n, 0n), at)
      // where time decides, the first node that looks takes its turn at once: the block itself may be older
      if (isSeeded) task.seededAt ??= params.joinTime === 0 ? Number(seed.number) : head - 1
      if (await this.#isPast(taskId, task, head)) this.#open.delete(taskId)
      // what is sent now comes in a later block
      else if (!isReached(signedUpAt(params), later(at, 1n, 0n))) await this.#join(task, head)
      else if (isSeeded) await this.#form(taskId, task, seed, head)
    })
  }

  /** Nothing can be done for it any more: the seed is too old, or the client revoked it while sign-up was open. */
  async #isPast(taskId: bigint, task: OpenTask, head: number): Promise<boolean> {
    if (task.seededAt !== null && head > task.seededAt + FORM_WINDOW_BLOCKS) return true
    if (!task.revoked) return false
    const status = await this.#init.chain.taskStatus(taskId)
    task.revoked = false
    return status === 'Expired'
  }

  async #join(task: OpenTask, head: number): Promise<void> {
    const { autoJoin, key, chain, outbox, logger } = this.#init
    if (head < task.lookAt || !autoJoin || task.keys.includes(key)) return
    const { taskId } = task.published
    // as the chain is now, not as it was: what a re-org took back is done again at once, as the deadline may be near
    task.joined = (await chain.signups(taskId)).includes(key)
    if (task.joined) return
    const agreed = await this.#agree(task.published, head)
    if ('reason' in agreed) {
      task.lookAt = agreed.mayPass ? head + LOOK_AGAIN_BLOCKS : Infinity
      this.#refuse({ taskId: String(taskId), reason: agreed.reason, text: agreed.text }, taskId)
      return
    }
    // not kept in the outbox: a join that does not get through is decided again before it is sent again
    const outcome = await outbox.sendOnce(chain.prepareJoin(taskId, key, agreed.termsHash))
    task.joined = outcome.kind === 'mined'
    this.#refused.delete(taskId)
    if (outcome.kind === 'mined') {
      logger.info('task.joined', { task: String(taskId) })
      return
    }
    task.lookAt = settledAt(outcome, head, chain.reorgDepth)
    const { error } = outcome
    if (error !== task.refusal) logger.info('task.join-refused', { task: String(taskId), error })
    task.refusal = error
  }

  /** Said once per reason: a task that is looked at again must not fill the log. */
  #refuse(refusal: NotJoined, taskId: bigint): void {
    const isKnown = this.#refused.get(taskId)?.reason === refusal.reason
    // what is looked at again and refused as before keeps its place among the newest
    if (!isKnown) this.#refused.delete(taskId)
    this.#refused.set(taskId, refusal)
    const [oldest] = this.#refused.keys()
    if (this.#refused.size > REFUSED_MAX && oldest !== undefined) this.#refused.delete(oldest)
    const { reason, text } = refusal
    if (!isKnown) this.#init.logger.warn('task.not-joined', { task: refusal.taskId, reason, text })
  }

  /** The terms to agree to, or why not to. Everything that can change is read now, not when the task was published. */
  async #agree(
    { taskId, params, client, paramsHash }: Published,
    head: number,
  ): Promise<
    | { readonly termsHash: `0x${string}` }
    | { readonly reason: JoinRefusal; readonly text: string; readonly mayPass: boolean }
  > {
    const { chain, key, policy, stockTwins } = this.#init
    const unable = await this.#unable(params)
    if (unable === 'no-bundle')
      return { ...no(unable, 'the bytes of its bundle are missing here'), mayPass: true }
    if (unable === 'sandbox') return { ...no(unable, 'the sandbox cannot say now'), mayPass: true }
    if (unable !== null) return no(unable, 'this node cannot run it')
    const registration = await chain.registration(key)
    if (registration?.active !== true) return no('registration', `${key} is not active`)
    const terms = await chain.terms(taskId)
    if (terms?.client !== client || terms.paramsHash !== paramsHash)
      return no('other-terms', 'the chain has another task under this number')
    const { freeStakeWei: freeWei, lockedStakeWei: lockedWei, allowance } = registration
    const stake = { freeWei, lockedWei, pendingWei: this.#pendingWei() }
    const { lockTailBlocks, lockTailSeconds } = chain
    const time = Number((await chain.latest()).time)
    const bundle = this.#init.bundles?.known.get(params.reducer) ?? null
    const isLine = goesOn(params) && ((await chain.isLine?.(client)) ?? false)
    const twinCode = await foreignTwinCode(chain, params, terms, stockTwins)
    // an endpoint that is behind has not seen it yet
    if (twinCode !== null && keccak(twinCode) !== terms.twinCodeHash)
      return { ...no('twin', 'the twin has other code here than the task says'), mayPass: true }
    const task = { params, bundle, terms, twinCode, isLine, chance: chanceOf(Number(chain.domain.chainId)) }
    const offer: Offer = { ...task, head, time, lockTailBlocks, lockTailSeconds, stake, allowance }
    const failed = judge(policy, offer, stockTwins).find(({ holds }) => !holds)
    if (failed !== undefined) return { reason: failed.rule, text: failed.text, mayPass: mayPass(failed.rule) }
    return { termsHash: termsHash(chain.domain.chainId, chain.board, taskId, terms) }
  }

  async #unable(params: TaskParams): Promise<TaskRefusal | 'no-bundle' | 'sandbox' | null> {
    const { reducers, bundles } = this.#init
    if (bundles?.missing.has(params.reducer) === true) return 'no-bundle'
    const isOffered = reducers.some((id) => id === params.reducer || reducerHash(id) === params.reducer)
    const bundle = bundles?.known.get(params.reducer) ?? null
    const refusal = isOffered ? taskRefusal(params, bundle) : 'unknown-reducer'
    if (refusal !== null || bundle === null || bundles === undefined) return refusal
    const accepts = await bundles.runner.acceptsParams(bundle.id, params.reducerParams)
    if (accepts === null) return 'sandbox'
    return accepts ? null : 'reducer-params'
  }

  /** Own locks in tasks that are not drawn yet. */
  #pendingWei(): bigint {
    const own = [...this.#open.values()].filter(({ joined, keys }) => joined || keys.includes(this.#init.key))
    return own.reduce((sum, { published }) => sum + published.params.stakePerNode, 0n)
  }

  /** Anyone may draw; those who signed up try one after the other, again if a re-org has replaced the seed block. */
  async #form(taskId: bigint, task: OpenTask, seed: Moment, head: number): Promise<void> {
    const { key, chain, outbox, logger } = this.#init
    const place = task.keys.indexOf(key)
    const turn = (task.seededAt ?? head) + 1 + place * FORM_STAGGER_BLOCKS
    if (place < 0 || head < Math.max(task.formAt, turn)) return
    const outcome = await outbox.send(`form/${taskId}`, await chain.prepareForm(taskId, seed))
    task.formAt = settledAt(outcome, head, chain.reorgDepth)
    if (outcome.kind === 'mined') logger.info('cluster.drawn', { task: String(taskId), block: outcome.block })
    else if (REPLACED.has(outcome.error)) task.formAt = 0
  }
}

const no = (reason: JoinRefusal, text: string) => ({ reason, text, mayPass: false })
