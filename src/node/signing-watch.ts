import { signOnceKey } from '../codec/objects.ts'
import type { Logger } from '../ports/logger.ts'
import type { Store } from '../ports/store.ts'
import type { Memory } from '../protocol/standing.ts'
import { fenceOf, SIGN_NOTHING } from '../protocol/standing.ts'
import { FEW, fromSeat } from '../protocol/few.ts'
import { heldOf } from '../protocol/help.ts'
import type { EngineState } from '../protocol/state.ts'
import type { Cluster } from '../types/cluster.ts'
import { RsdpError } from '../types/errors.ts'
import { EXIT } from '../types/exit-codes.ts'
import type { Part } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Signed } from '../types/objects.ts'
import type { MemberLink } from './member-link.ts'

export interface SigningWatchInit {
  readonly taskId: bigint
  readonly cluster: Cluster
  readonly self: MemberIndex
  readonly memory: Memory
  readonly store: Store
  readonly logger: Logger
  readonly link: MemberLink
  readonly state: () => EngineState
  /** Signs past its store, on purpose: what others hold of it is no surprise. */
  readonly isFaulty: boolean
  /** Nothing is signed up to this height from here on. */
  readonly fence: (upTo: number) => void
  /** Another process signs with this key: nothing is signed here any more. */
  readonly onDouble: (error: RsdpError) => void
}

/** Whether a node signs in a task: it does not know yet what it has signed, waits for a height, signs, or never will again. */
export interface SigningHealth {
  readonly state: 'unknown' | 'waiting' | 'proved' | 'convicted'
  /** Nothing is signed up to this height; null while that is not known. */
  readonly upTo: number | null
  readonly memory: Memory['kind']
  /** Members that have answered. */
  readonly answered: number
}

/** Why a node that has lost what it signed, or was convicted, signs nothing; null if it signs, or has only not asked yet. */
export function whySilent({ state, upTo, memory, answered }: SigningHealth): string | null {
  if (state === 'convicted') return 'this node is convicted, and signs nothing more in it'
  if (memory === 'whole' || state === 'proved') return null
  if (state === 'waiting') return `signs nothing up to height ${String(upTo)}, which its store may have lost`
  return `signs nothing: its store may have lost what it signed, and ${answered} members have told`
}

/** Longest pause between two questions to who has not answered, in ticks. */
const ASK_PAUSE_MAX = 16

/** Objects of its own that a store may have lost lie at most so many heights above what is decided. */
const LOST_ABOVE = 2

/**
 * Sees to it that a key signs nothing a second time that its store has forgotten, and nothing beside another process. Asks
 * the members before the first signature of a life, and goes by the rule of `standing.ts`.
 */
export class SigningWatch {
  readonly #init: SigningWatchInit
  readonly #answers = new Map<MemberIndex, number>()
  /** Hashes of own objects that are known to be in the store, of those heard since the last decision. */
  readonly #own = new Set<Digest>()
  /** Members that were shown since the last tick what is held of theirs. */
  readonly #shown = new Set<MemberIndex>()
  /** Ticks until the next question, and those from it to the one after. */
  #askIn = 0
  #pause = 1
  /** Seat from which the next are asked; −1: all. */
  #turn = -1
  #memory: Memory
  #fence = SIGN_NOTHING
  /** The chain has convicted this node: it signs no more in this task. */
  #isConvicted = false
  /** Height decided when a loss was first bounded: nothing lost lies more than two heights above. */
  #boundedAt: number | null = null

  constructor(init: SigningWatchInit) {
    this.#init = init
    this.#memory = init.memory
  }

  get fence(): number {
    return this.#fence
  }

  health(): SigningHealth {
    const upTo = this.#fence === SIGN_NOTHING ? null : this.#fence
    const isPassed = upTo !== null && this.#decidedHeight >= upTo
    const known = upTo === null ? 'unknown' : isPassed ? 'proved' : 'waiting'
    const state = this.#isConvicted ? 'convicted' : known
    return { state, upTo, memory: this.#memory.kind, answered: this.#answers.size }
  }

  /** Asks whoever has not answered, at growing intervals, until it is known what may be signed. */
  tick(): void {
    this.#shown.clear()
    if (this.#fence !== SIGN_NOTHING || this.#isConvicted) return
    if (this.#askIn > 0) {
      this.#askIn -= 1
      return
    }
    this.#askIn = this.#pause
    this.#pause = Math.min(2 * this.#pause, ASK_PAUSE_MAX)
    for (const to of this.#toAsk()) this.#init.link.send(to, [{ kind: 'own' }])
  }

  /** First everybody; then of those that are silent enough for one more answer that counts, by turns. */
  #toAsk(): MemberIndex[] {
    const { cluster, self } = this.#init
    const others = cluster.members.map(({ index }) => index).filter((index) => index !== self)
    const silent = fromSeat(cluster, others, this.#turn).filter((index) => !this.#answers.has(index))
    const isFirst = this.#turn < 0
    this.#turn = isFirst ? self : this.#turn
    if (isFirst || this.#memory.kind === 'lost') return silent
    const chosen = silent.slice(0, Math.max(FEW, Math.ceil(cluster.members.length / 3)))
    this.#turn = (chosen.at(-1) ?? self) + 1
    return chosen
  }

  /** One frame of a member: questions, answers, and whatever this node has signed. */
  heard(from: MemberIndex, parts: readonly Part[]): void {
    for (const part of parts) {
      if (part.kind === 'own') this.#show(from)
      else if (part.kind === 'at') this.#answer(from, part.height)
      else for (const signed of signedIn(part)) this.#look(signed)
    }
  }

  /** A checkpoint on chain has this node's signature: the store has it, too, or something was lost. */
  signedOnChain(height: number): void {
    const { store, cluster, isFaulty } = this.#init
    if (isFaulty || height <= this.#known || store.checkpoint(cluster.id, height) !== null) return
    this.#forget(`CHECKPOINT of height ${String(height)} on chain`)
  }

  /** A height is decided: what is heard of it now and then is looked up again. */
  decided(): void {
    this.#own.clear()
    this.weigh()
  }

  /** Looks again, after an answer or a decision, whether it is known up to where nothing is to be signed. */
  weigh(): void {
    if (this.#fence !== SIGN_NOTHING || this.#isConvicted) return
    const { cluster, self, store, logger, taskId } = this.#init
    const fence = fenceOf(cluster, self, this.#memory, this.#answers, this.#decidedHeight)
    if (fence === SIGN_NOTHING) return
    if (this.#memory.kind === 'lost') {
      this.#boundedAt ??= this.#decidedHeight
      store.setMemory(cluster.id, { kind: 'marked', mark: fence })
      logger.warn('signing.waits', { task: String(taskId), upTo: fence })
    }
    this.#set(fence)
  }

  /**
   * The chain has convicted this very node. It has signed nothing twice: another process has its key, or its disk has lost what it
   * signed. Whatever it signs from here on may cost it more.
   */
  convicted(offence: string): void {
    const { isFaulty, logger, taskId } = this.#init
    if (isFaulty || this.#isConvicted) return
    this.#isConvicted = true
    logger.error('signing.convicted', { task: String(taskId), offence })
    this.#set(SIGN_NOTHING)
  }

  /** The operator says that this store has everything, and takes the risk. */
  trust(): void {
    if (this.#isConvicted) return
    const { store, cluster, logger, taskId } = this.#init
    logger.warn('signing.trusted', { task: String(taskId), memory: this.#memory.kind })
    store.setMemory(cluster.id, { kind: 'marked', mark: 0 })
    this.#memory = { kind: 'whole' }
    this.#boundedAt = null
    this.#set(0)
  }

  get #decidedHeight(): number {
    return this.#init.state().chain.height
  }

  /** Height up to which objects may be missing without surprise. */
  get #known(): number {
    if (this.#memory.kind === 'lost') return SIGN_NOTHING
    return this.#memory.kind === 'marked' ? this.#memory.mark : 0
  }

  #answer(from: MemberIndex, height: number): void {
    this.#answers.set(from, height)
    this.weigh()
  }

  /** Shows a member what it has signed, and where this node is: of no use from one that does not know itself. */
  #show(to: MemberIndex): void {
    if (this.#shown.has(to)) return
    this.#shown.add(to)
    const state = this.#init.state()
    const held = heldOf(state, to).map((signed): Part => ({ kind: 'object', signed }))
    const isLost = this.#memory.kind === 'lost' && this.#fence === SIGN_NOTHING
    this.#init.link.send(to, isLost ? held : [...held, { kind: 'at', height: state.box.height }])
  }

  /** An own object, as a member has it. A CLOSE is left out: it has one form, and harms nobody. */
  #look(signed: Signed): void {
    const { self, isFaulty, store, cluster } = this.#init
    const { object, hash, member } = signed
    if (member !== self || isFaulty || !('height' in object) || this.#own.has(hash)) return
    if (store.find(cluster.id, signOnceKey(object))?.hash === hash) this.#own.add(hash)
    else this.#stray(object.height, `${object.type} of height ${String(object.height)}`)
  }

  /** The store does not have it: it was signed before a loss, or by another process. */
  #stray(height: number, what: string): void {
    const above = this.#boundedAt === null ? -1 : height - this.#boundedAt
    if (above > LOST_ABOVE) {
      this.#forget(what)
      this.#init.onDouble(keyElsewhere(this.#init.taskId, what))
    } else if (above > 0)
      this.#raise(height + LOST_ABOVE) // whoever waits a little longer sees which of the two it was
    else if (this.#boundedAt === null && height > this.#known) this.#forget(what)
  }

  #forget(what: string): void {
    const { store, cluster, logger, taskId } = this.#init
    logger.error('signing.unknown', { task: String(taskId), shown: what })
    store.setMemory(cluster.id, { kind: 'lost' })
    this.#memory = { kind: 'lost' }
    this.#answers.clear()
    this.#askIn = 0
    this.#pause = 1
    this.#turn = -1
    this.#set(SIGN_NOTHING)
  }

  #raise(upTo: number): void {
    const { store, cluster } = this.#init
    if (this.#fence === SIGN_NOTHING || upTo <= this.#fence) return
    store.setMemory(cluster.id, { kind: 'marked', mark: upTo })
    this.#set(upTo)
  }

  #set(fence: number): void {
    this.#fence = fence
    this.#init.fence(fence)
  }
}

/** Signed objects in a part of a frame. */
function signedIn(part: Part): readonly Signed[] {
  switch (part.kind) {
    case 'object':
      return [part.signed]
    case 'decided':
      return [...part.decided.confirms, part.decided.share, ...part.decided.inputs]
    case 'roundCertificate':
      return part.certificate.confirms
    default:
      return []
  }
}

function keyElsewhere(taskId: bigint, what: string): RsdpError {
  return new RsdpError({
    code: 'E_KEY_ELSEWHERE',
    message: `another process signs with this key in task ${String(taskId)}: members hold its ${what}`,
    hint: 'this node has stopped before it signed; find the other process, and run one of the two only',
    exit: EXIT.busy,
    details: { taskId: String(taskId), shown: what },
  })
}
