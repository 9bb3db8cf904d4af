import { appendEvent } from '../codec/events.ts'
import { equalBytes } from '../codec/hex.ts'
import type { Chain } from '../ports/chain.ts'
import type { Logger } from '../ports/logger.ts'
import type { ReducerRunner, RunnerResult } from '../ports/reducer-runner.ts'
import type { Store, StoredHeight } from '../ports/store.ts'
import type { ReducerCall } from '../reducers/reducer.ts'
import { NIL } from '../types/ids.ts'
import type { OpenedHeight } from './opened.ts'
import { openHeight } from './opened.ts'
import type { CalledTask } from './reducer-call.ts'
import { reducerCall } from './reducer-call.ts'
import type { PostedLedgerEvent } from './task-book.ts'

export interface VetterInit extends CalledTask {
  readonly taskId: bigint
  readonly store: Store
  readonly runner: ReducerRunner
  readonly chain: Pick<Chain, 'twinAggregate'>
  readonly logger: Logger
  /** Ledger events so far. */
  readonly events: () => readonly PostedLedgerEvent[]
  /** The state before height 1. */
  readonly handedOver: () => Uint8Array
  /** Ticks in about a second. */
  readonly secondTicks: number
  /** The height is what the twin gives. */
  readonly vetted: (height: number) => void
  /** The height is not, and can be shown. */
  readonly wrong: (opened: OpenedHeight) => void
  readonly onFatal: (error: unknown) => void
}

/** What a look at a height came to: `unclear` ends the looks, `later` is asked again. */
type Verdict = 'right' | 'wrong' | 'unclear' | 'later'

const PAUSE_SECONDS_MAX = 60
/** Of the reducer's thread or of this machine, which says nothing about the height. */
const PASSING: ReadonlySet<string> = new Set([
  ...['timedOut', 'crashed', 'busy', 'stopped'],
  ...['hostStack', 'hostMemory'],
])

/**
 * Opens the decided heights of a provable task one after another, computes each again and asks the twin. Only heights that
 * this node did not aggregate itself come here: what it voted for was held against the twin before. A twin that cannot be
 * asked delays the CHECKPOINT; a height that is wrong, or of which nothing can be said, is never signed for, nor any after
 * it: pay goes by the lists, so that nothing is lost by it.
 */
export class Vetter {
  readonly #init: VetterInit
  #busy = false
  #ended = false
  #pause = 1
  #wait = 0

  constructor(init: VetterInit) {
    this.#init = init
  }

  /** @param vetted height up to which all are right; `decided`: up to which they are decided */
  tick(vetted: number, decided: number): void {
    if (this.#wait > 0) this.#wait -= 1
    if (this.#busy || this.#ended || this.#wait > 0 || vetted >= decided) return
    this.#busy = true
    this.#look(vetted + 1).then(
      (verdict) => this.#judged(vetted + 1, verdict),
      (error: unknown) => this.#init.onFatal(error),
    )
  }

  #judged(height: number, verdict: Verdict): void {
    const { taskId, logger, secondTicks } = this.#init
    this.#busy = false
    if (verdict === 'right') {
      this.#pause = 1
      this.#init.vetted(height)
      return
    }
    if (verdict === 'later') {
      this.#wait = this.#pause * secondTicks
      this.#pause = Math.min(2 * this.#pause, PAUSE_SECONDS_MAX)
      return
    }
    this.#ended = true
    logger.error('height.refused', { task: String(taskId), height, verdict })
    if (verdict === 'wrong') this.#accuse(height)
  }

  #accuse(height: number): void {
    const { store, cluster, params, handedOver, wrong } = this.#init
    const { usesPrevious } = params
    const opened = openHeight(store, cluster.id, height, { usesPrevious, handedOver })
    if (opened !== null) wrong(opened)
  }

  async #look(height: number): Promise<Verdict> {
    const { store, cluster, params, runner, chain } = this.#init
    const [found] = store.heights(cluster.id, height, 1)
    // there is no height 0, and the first from there on is height 1
    const [before] = height === 1 ? [] : store.heights(cluster.id, height - 1, 1)
    if (found === undefined) return 'later'
    const { eventSeq, eventsHash } = found.decided.share.object
    const events = this.#init.events()
    if (eventSeq > events.length) return 'later'
    // of other events than the chain's nothing can be said, by us or against anybody
    if (events.slice(0, eventSeq).reduce(appendEvent, NIL) !== eventsHash) return 'unclear'
    const call = this.#callOf(found, before)
    if (call === null) return 'unclear'
    const own = await runner.run(call)
    if (!own.ok && PASSING.has(own.code)) return 'later'
    const { context, inputs, closing = false } = call
    try {
      const question = { twin: params.twin, params: params.reducerParams, context, inputs, closing }
      return judge(found.state, own, await chain.twinAggregate(question))
    } catch {
      return 'later' // the endpoint is down
    }
  }

  /** The aggregation of a decided height; null if a state of its list is missing, which no decision leaves. */
  #callOf({ decided }: StoredHeight, before: StoredHeight | undefined): ReducerCall | null {
    const { store, cluster, handedOver } = this.#init
    const statuses = decided.inputs.flatMap(({ object, member }) =>
      object.type === 'status' ? [{ member, state: store.body(cluster.id, object.stateHash) }] : [],
    )
    const inputs = statuses.flatMap(({ member, state }) => (state === null ? [] : [{ member, state }]))
    if (inputs.length < statuses.length) return null
    const events = this.#init.events().slice(0, decided.share.object.eventSeq)
    const previous = (): Uint8Array => before?.state ?? handedOver()
    const closing = decided.inputs.length > inputs.length
    return reducerCall(this.#init, decided.height, events, previous, { inputs, closing })
  }
}

function judge(state: Uint8Array, own: RunnerResult, twin: Uint8Array | null): Verdict {
  // a twin that reverts says nothing, unless the reducer refuses an input, which the twin's `validate` does too
  if (twin === null) return !own.ok && own.code === 'badInput' ? 'wrong' : 'later'
  if (!equalBytes(twin, state)) return 'wrong'
  return own.ok && equalBytes(own.state, state) ? 'right' : 'unclear'
}
