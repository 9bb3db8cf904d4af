import type { RawPart, Unverified } from '../codec/frames.ts'
import type { Cluster } from '../types/cluster.ts'
import type { MemberIndex } from '../types/ids.ts'
import type { LogEntry } from '../types/log.ts'
import type { ProtocolObject } from '../types/objects.ts'
import type { Random } from './random.ts'

/** One frame for one peer, as a node wants it sent, or as a liar sends it. */
export interface Mail {
  readonly to: MemberIndex
  readonly parts: readonly RawPart[]
  /** How long it is held back. */
  readonly delayMs: number
}

/** What a liar knows and can do: its own key, what it hears, and chance. */
export interface LiarContext {
  readonly self: MemberIndex
  readonly cluster: Cluster
  readonly dice: Random
  /** Time-out of a phase. */
  readonly phaseMs: number
  /** R: heights per epoch. */
  readonly epochHeights: number
  /** Whether it lies about this height. */
  readonly isActive: (height: number) => boolean
  /** Signs anything: no sign-once store stands before this key. */
  readonly sign: (object: ProtocolObject) => Unverified
  /** Its own honest log of the running epoch. */
  readonly log: () => readonly LogEntry[]
  /** The newest frames it got from others, newest last. */
  readonly heard: readonly Heard[]
  /** Something to remember things in. */
  readonly memory: Map<string, unknown>
}

export interface Heard {
  readonly from: MemberIndex
  readonly parts: readonly RawPart[]
}

/** A misbehaviour: the node behind it is honest, its mouth or its disk is not. */
export interface Liar {
  /** It stops now and then, and has an empty disk when it starts again. */
  readonly forgets?: boolean
  /** What goes out instead of a frame. */
  readonly rewrite: (mail: Mail, context: LiarContext) => readonly Mail[]
}
