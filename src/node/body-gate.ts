import { keccak } from '../codec/hex.ts'
import type { BundleRunner } from '../ports/bundles.ts'
import type { Logger } from '../ports/logger.ts'
import type { StateSource } from '../ports/state-source.ts'
import type { Part } from '../types/frames.ts'
import type { Digest, Hex, MemberIndex } from '../types/ids.ts'
import type { TaskRunnerInit } from './task-runner-init.ts'

export interface BodyGateInit {
  readonly runner: BundleRunner
  readonly bundle: Digest
  readonly params: Hex
  readonly inputBytesMax: number
  readonly taskId: bigint
  readonly logger: Logger
  /** Whether the engine would keep a body with this hash. */
  readonly isWanted: (hash: Digest) => boolean
  /** A body that is judged, for the engine. */
  readonly deliver: (from: MemberIndex, part: Part) => void
}

type Body = Extract<Part, { kind: 'body' }>

/** Bodies of one member that are being judged; what comes beyond is dropped, and asked for again by the engine. */
const PENDING_MAX = 4
/** Verdicts that are remembered; the oldest go first. A body comes again with every round, and for a height or two. */
const VERDICTS_MAX = 1_024

/**
 * Judges the bodies of a task whose reducer is a bundle before the engine sees them: the engine asks in the middle of a
 * step and cannot wait, and a stranger's code does not run on the loop that answers for stake.
 */
export class BodyGate {
  readonly #init: BodyGateInit
  readonly #verdicts = new Map<Digest, boolean>()
  readonly #pending = new Map<MemberIndex, Set<Digest>>()
  #waiting = 0

  constructor(init: BodyGateInit) {
    this.#init = init
  }

  /** The verdict on a body that the engine has. */
  isValid(hash: Digest): boolean {
    return this.#verdicts.get(hash) ?? false
  }

  /** Whether bodies of an earlier run are all judged. */
  get isReady(): boolean {
    return this.#waiting === 0
  }

  /** Bodies that the store had: the engine goes on when they are judged. */
  restore(bodies: Iterable<Uint8Array>): void {
    for (const bytes of bodies) {
      this.#waiting += 1
      void this.#judge(keccak(bytes), bytes).finally(() => (this.#waiting -= 1))
    }
  }

  /** Takes the bodies out of a frame; those that are worth it are delivered later. */
  parts(parts: readonly Part[]): { readonly now: readonly Part[]; readonly bodies: readonly Body[] } {
    const isKnown = (part: Part): boolean => part.kind !== 'body' || this.#verdicts.has(part.hash)
    const bodies = parts.filter((part): part is Body => part.kind === 'body' && !isKnown(part))
    return { now: parts.filter(isKnown), bodies }
  }

  /** After the engine has seen the rest of their frame, which says what is wanted. */
  judge(from: MemberIndex, bodies: readonly Body[]): void {
    for (const part of bodies) {
      const pending = this.#pending.get(from) ?? new Set<Digest>()
      if (pending.size >= PENDING_MAX || pending.has(part.hash) || !this.#init.isWanted(part.hash)) continue
      this.#pending.set(from, pending.add(part.hash))
      void this.#judge(part.hash, part.bytes).then((isJudged) => {
        pending.delete(part.hash)
        if (isJudged) this.#init.deliver(from, part)
      })
    }
  }

  /** The application, whose states are judged before they are looked at. */
  source(source: StateSource): StateSource {
    return {
      handedOver: (state) => source.handedOver?.(state),
      posted: (event) => source.posted?.(event),
      observe: async (height) => {
        const state = await source.observe(height)
        if ((state as unknown) instanceof Uint8Array) await this.#judge(keccak(state), state)
        return state
      },
      decided: (decision) => source.decided(decision),
    }
  }

  /** Whether there is a verdict; none is no verdict on the body, but on this machine. */
  async #judge(hash: Digest, bytes: Uint8Array): Promise<boolean> {
    const { runner, bundle, params, inputBytesMax, logger, taskId } = this.#init
    if (this.#verdicts.has(hash)) return true
    const verdict = bytes.length > inputBytesMax ? false : await runner.judge(bundle, params, bytes)
    if (verdict === null) {
      logger.warn('input.not-judged', { task: String(taskId), hash })
      return false
    }
    this.#verdicts.set(hash, verdict)
    const [oldest] = this.#verdicts.keys()
    if (this.#verdicts.size > VERDICTS_MAX && oldest !== undefined) this.#verdicts.delete(oldest)
    return true
  }
}

/** Of a task whose reducer is a bundle; null for one of this package. */
export function gateOf(
  {
    sandbox,
    reducer,
    params,
    ...init
  }: Pick<TaskRunnerInit, 'sandbox' | 'reducer' | 'params' | 'taskId' | 'logger'>,
  engine: Pick<BodyGateInit, 'isWanted' | 'deliver'>,
): BodyGate | null {
  if (sandbox === undefined) return null
  const { reducerParams, inputCap } = params
  const task = { bundle: reducer as Digest, params: reducerParams, inputBytesMax: inputCap }
  return new BodyGate({ ...init, ...engine, ...task, runner: sandbox })
}
