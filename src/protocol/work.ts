import type { Part } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { PhaseEvent } from '../types/log.ts'
import type { ProtocolObject, Signed } from '../types/objects.ts'
import type { EngineEffect } from './io.ts'
import { append } from './phase-log.ts'
import { maySign } from './standing.ts'
import type { EngineState, HeightBox, Kept, RoundBox, ShareQuorum, TimerName } from './state.ts'
import { emptyRound, KEPT_NOTHING } from './state.ts'

/** One step in the making: a private copy of the state, and the effects so far. */
export interface Work {
  readonly s: EngineState
  readonly effects: EngineEffect[]
  /** Rounds and containers that are private to this step already; null: all are. */
  readonly owned: Set<object> | null
  /** The frame that is being taken in. */
  frame: { readonly from: MemberIndex; readonly objects: readonly Signed[] } | null
}

/** Work on a copy of a state, which shares its containers with the original. */
export function workOn(s: EngineState): Work {
  return { s, effects: [], owned: new Set(), frame: null }
}

/** Work on a state of which nobody else holds any part that changes. */
export function workInPlace(s: EngineState): Work {
  return { s, effects: [], owned: null, frame: null }
}

/** A map or set that may be written to. */
type Open<T> =
  T extends ReadonlyMap<infer K, infer V> ? Map<K, V> : T extends ReadonlySet<infer V> ? Set<V> : never
type ContainerName<H> = { [K in keyof H]: Open<H[K]> extends never ? never : K }[keyof H]

/** A container of the state, or of a box that is private to this step, for writing to. */
export function own<H extends object, K extends ContainerName<H>>(w: Work, holder: H, name: K): Open<H[K]> {
  const held = holder[name]
  if (isOwned(w, held as object)) return held as Open<H[K]>
  const copy = held instanceof Set ? new Set(held) : new Map(held as ReadonlyMap<unknown, unknown>)
  w.owned?.add(copy)
  holder[name] = copy as H[K]
  return copy as Open<H[K]>
}

/** Whether a round or container may be written to without a copy. */
export function isOwned({ owned }: Work, held: object): boolean {
  return owned === null || owned.has(held)
}

/** What the profiles do differently. */
export interface Rules {
  /** One frame of a member. */
  readonly receive: (w: Work, from: MemberIndex, parts: readonly Part[]) => void
  /** A reducer's answer. */
  readonly onAggregated: (
    w: Work,
    token: number,
    result: { readonly state: Uint8Array; readonly stateHash: Digest } | null,
    isVerdict: boolean,
  ) => void
  /** An own object is durable. */
  readonly onSigned: (w: Work, signed: Signed) => void
  /** It is time to send again what this height still needs. */
  readonly resend: (w: Work) => void
  /** One move that the state allows, most urgent first; false when there is nothing to do but wait. */
  readonly advance: (w: Work) => boolean
}

/** A round's box for writing to. */
export function ownRound(w: Work, box: HeightBox, round: number): RoundBox {
  const existing = box.rounds.get(round)
  if (existing !== undefined && isOwned(w, existing)) return existing
  const copy: RoundBox = { ...(existing ?? emptyRound()) }
  w.owned?.add(copy)
  own(w, box, 'rounds').set(round, copy)
  return copy
}

/** What was heard of a height: the running one, the two before, or the next; null for others. */
export function boxOf({ s }: Work, height: number): HeightBox | null {
  return [s.box, s.last, s.next, s.older].find((box) => box?.height === height) ?? null
}

/** Certified root of the height before, which STATUS and SHARE of this one name. Profile `paper` certifies none. */
export function parentOf({ s }: Work): Digest {
  return s.config.profile?.kind === 'paper' ? NIL : s.chain.root
}

/** Time-outs grow linearly with the round, up to this factor, and are back at the base with the next height. */
export const GROWTH_MAX = 20

/** Resends in silence after which the pause between them begins to double. */
export const RESENDS_PROMPT = 3

/** A note cannot name later rounds; one entry beyond it shows that the height went there. */
const NOTED_ROUND_MAX = 255

export function emit(w: Work, effect: EngineEffect): void {
  w.effects.push(effect)
}

export function setTimer(w: Work, name: TimerName, ticks: number): void {
  own(w, w.s, 'timers').set(name, w.s.tick + ticks)
}

/** Base time-out of a phase, grown for the running round. */
export function grown(w: Work, ticks: number): number {
  return ticks * Math.min(w.s.round + 1, GROWTH_MAX)
}

export function expired(w: Work, name: TimerName): boolean {
  const deadline = w.s.timers.get(name)
  return deadline !== undefined && w.s.tick >= deadline
}

/** Appends a transition of the height in work to the own log. */
export function logEvent(w: Work, event: PhaseEvent, round: number, value: Digest): void {
  const height = w.s.box.height
  const where = { cluster: w.s.config.cluster.id, epochHeights: w.s.config.epochHeights }
  const { log, entry } = append(w.s.log, where, event, { height, round, value })
  w.s.log = log
  w.s.unrecorded = [...w.s.unrecorded, entry]
  if (round <= NOTED_ROUND_MAX + 1) w.s.epoch = { ...w.s.epoch, entries: [...w.s.epoch.entries, entry] }
}

/**
 * Hands out the object for signing, with all log entries up to here and what justifies it. The one way to a signature:
 * what lies behind the fence does not pass.
 */
export function record(
  w: Work,
  object: ProtocolObject,
  proof: ShareQuorum | null,
  kept: Kept = KEPT_NOTHING,
): void {
  if (!maySign(w.s.fence, object)) return
  emit(w, { kind: 'record', object, entries: w.s.unrecorded, proof, kept })
  w.s.unrecorded = []
}

/** Hands out log entries that no object announces. */
export function recordEntries(w: Work): void {
  if (w.s.unrecorded.length === 0) return
  emit(w, { kind: 'append', entries: w.s.unrecorded })
  w.s.unrecorded = []
}

/** Whether the height in work was opened by this node: its log has entered it and has not been reset. */
export function hasOpened(w: Work): boolean {
  return w.s.log.height === w.s.box.height && w.s.log.status !== 'INITIAL' && w.s.log.seq > 0
}

/** Whether this node signs nothing in the height in work: it follows what the others decide. */
export function isFenced({ s }: Work): boolean {
  return s.box.height <= s.fence
}
