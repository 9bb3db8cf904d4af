import { bitmapOf } from '../codec/bitmap.ts'
import { inputsRoot, NOTHING, valueHash } from '../codec/objects.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { SignedInput } from '../types/objects.ts'
import { awaited, isAwaited, noteVain } from './awaited.ts'
import { entriesOf } from './close.ts'
import { ledgerCut, readHash } from './ledger.ts'
import { noteFailed } from './poison.ts'
import { isQuorum, weightOf } from './quorum.ts'
import type { Content, Kept, PendingAggregate } from './state.ts'
import type { Work } from './work.ts'
import { admission, votedValue } from './votes.ts'
import {
  emit,
  expired,
  grown,
  logEvent,
  own,
  ownRound,
  parentOf,
  record,
  recordEntries,
  setTimer,
} from './work.ts'

/**
 * DEBATE of round 0, which has no leader. Entered by t1 or t3; left by t2 when every member that is waited for has
 * answered and those who did are a quorum, or at `debateTimeout`.
 */
export function tryFinishDebate(w: Work): boolean {
  const { s } = w
  if (s.round !== 0 || s.pending !== null) return false
  if (s.box.rounds.get(0)?.shares.has(s.config.self) === true) {
    castShare(w, null, -1) // signed before a restart: that vote stands
    return true
  }
  const late = expired(w, 'debate')
  const missing = late ? awaited(w).filter((member) => !hasAnswered(w, member)) : []
  if (!late && isAwaited(w, (member) => !hasAnswered(w, member))) return false
  const usable = usableInputs(w)
  const weight = weightOf(
    s.config.cluster,
    usable.map((input) => input.member),
  )
  const enough = isQuorum(s.config.cluster, weight)
  if (!late && !enough) return false
  if (enough) noteVain(w, missing)
  if (enough && aggregate(w, usable)) return true
  if (!late) return false
  castShare(w, null, -1)
  return true
}

/** Nothing more to wait for from a member: its input and body are here, usable or not. */
function hasAnswered(w: Work, member: MemberIndex): boolean {
  const { box, closes, bodies } = w.s
  if (box.equivocators.has(member) || closes.has(member)) return true
  const input = box.inputs.get(member)
  return input?.object.type === 'status' && bodies.has(input.object.stateHash)
}

/** Inputs whose body is here and accepted by the reducer's rule, without proved equivocators. By member. */
export function usableInputs(w: Work): SignedInput[] {
  const { s } = w
  return entriesOf(w)
    .filter((input) => !s.box.equivocators.has(input.member) && isUsable(w, input))
    .sort((a, b) => a.member - b.member)
}

/** Whether a STATUS follows the history that this node has, its body is here and `validate` accepts it; a CLOSE has none. */
export function isUsable(w: Work, input: SignedInput): boolean {
  if (input.object.type === 'close') return true
  if (input.object.parent !== parentOf(w)) return false
  const body = w.s.bodies.get(input.object.stateHash)
  return body !== undefined && w.s.config.isValidInput(body)
}

/** Starts f_agg_status over a list. False if the chain is not read up to the list's ledger cut yet. */
export function aggregate(w: Work, inputs: readonly SignedInput[]): boolean {
  const { s } = w
  const eventSeq = ledgerCut(w, inputs)
  const eventsHash = readHash(w, eventSeq)
  if (eventsHash === null) return false
  const listed = bitmapOf(inputs.map((input) => input.member))
  const root = inputsRoot(
    listed,
    inputs.map((input) => input.hash),
  )
  ownRound(w, s.box, s.round).list ??= { round: s.round, inputs: listed, inputsRoot: root, objects: inputs }
  s.tokens += 1
  s.pending = { token: s.tokens, round: s.round, inputs: listed, inputsRoot: root, eventSeq, eventsHash }
  const states = inputs.flatMap((input) => {
    if (input.object.type === 'close') return []
    const state = s.bodies.get(input.object.stateHash)
    return state === undefined ? [] : [{ member: input.member, state }]
  })
  const closing = inputs.some((input) => input.object.type === 'close')
  emit(w, { kind: 'aggregate', token: s.tokens, height: s.box.height, inputs: states, eventSeq, closing })
  return true
}

/** The reducer answered. A late answer, or one for a round that was left, is refused by its token. */
export function onAggregated(
  w: Work,
  token: number,
  result: { readonly state: Uint8Array; readonly stateHash: Digest } | null,
  isVerdict: boolean,
): void {
  const { s } = w
  const pending = s.pending
  if (pending?.token !== token) {
    emit(w, { kind: 'ignored', from: s.config.self, code: 'late-aggregate' })
    return
  }
  s.pending = null
  if (result === null || result.state.length > s.config.stateBytesMax) {
    if (result !== null || isVerdict) noteFailed(w, pending.inputsRoot)
    castShare(w, null, -1)
    return
  }
  own(w, s, 'bodies').set(result.stateHash, result.state)
  castShare(w, contentOf(pending, result.stateHash), -1)
}

/** What a finished aggregation stands for. */
export function contentOf(pending: PendingAggregate, stateHash: Digest): Content {
  const { inputs, inputsRoot: root, eventSeq, eventsHash } = pending
  return { stateHash, inputsRoot: root, inputs, eventSeq, eventsHash }
}

/** t2, t4, then the vote of the running round: for `content`, or NIL. What was signed before a restart stands. */
export function castShare(w: Work, content: Content | null, validRound: number): void {
  const { s } = w
  const stored = s.box.rounds.get(s.round)?.shares.get(s.config.self)
  const value = stored !== undefined ? votedValue(stored.object) : content === null ? NIL : valueHash(content)
  s.pending = null
  s.ownValue = value
  logEvent(w, 't2', s.round, value)
  logEvent(w, 't4', s.round, value)
  if (stored !== undefined) {
    recordEntries(w)
    setTimer(w, 'share', grown(w, s.config.shareTicks))
    emit(w, { kind: 'broadcast', parts: [{ kind: 'object', signed: stored }] })
    return
  }
  const vote =
    content === null
      ? { parent: NIL, ...NOTHING, validRound: -1 }
      : { parent: parentOf(w), ...content, validRound }
  record(
    w,
    { type: 'share', height: s.box.height, round: s.round, ...vote },
    null,
    keptWithShare(w, content !== null && validRound === -1 ? content : null),
  )
}

/** What a SHARE rests on: the round's admission, and for a fresh one the list with all states behind its value. */
function keptWithShare(w: Work, fresh: Content | null): Kept {
  const { box, round, bodies, convened } = w.s
  const admitted = convened === round ? null : admission(box, round)
  const list = fresh === null ? null : (box.rounds.get(round)?.list ?? null)
  const hashes = (list?.objects ?? []).flatMap(({ object }) =>
    object.type === 'status' ? [object.stateHash] : [],
  )
  if (fresh !== null) hashes.push(fresh.stateHash)
  const states = hashes.flatMap((hash) => {
    const state = bodies.get(hash)
    return state === undefined ? [] : [[hash, state] as const]
  })
  return { admission: admitted, list, bodies: new Map(states), note: null }
}
