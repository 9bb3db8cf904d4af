import { bitmapOf } from '../../codec/bitmap.ts'
import { NOTHING } from '../../codec/objects.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Share, Signed } from '../../types/objects.ts'
import { hasLeft, noteLeavers } from '../close.ts'
import { aggregate, contentOf, usableInputs } from '../debate.ts'
import type { Content } from '../state.ts'
import { isGloballyValid, measureValidity } from '../validity.ts'
import type { Work } from '../work.ts'
import { emit, expired, logEvent, own, record, recordEntries, setTimer } from '../work.ts'
import { shareParts } from './frames.ts'
import { closeHeight } from './heights.ts'
import type { PaperProfile } from './profile.ts'
import { electHash, voteWeight } from './vote.ts'

/** What a reducer answers. */
export interface Aggregated {
  readonly state: Uint8Array
  readonly stateHash: Digest
}

/** DEBATE: left by t2 when every member of the last list has answered, or at `debateTimeout` with what is there. */
export function tryFinishDebate(w: Work): boolean {
  const { s } = w
  if (s.pending !== null) return false
  if (s.box.rounds.get(0)?.shares.has(s.config.self) === true) {
    castShare(w, NOTHING) // cast before the mutex was lost: that SHARE stands
    return true
  }
  const late = expired(w, 'debate')
  if (!late && !lastList(w).every((member) => hasAnswered(w, member))) return false
  const usable = usableInputs(w)
  if (usable.length > 0 && aggregate(w, usable)) return true
  if (!late) return false
  castShare(w, NOTHING)
  return true
}

/** The members heard in the height before, or all if this node was not in it. Who leaves is waited for no more. */
function lastList(w: Work): MemberIndex[] {
  const { config, last, closes } = w.s
  const heard =
    last === null
      ? config.cluster.members.map(({ index }) => index)
      : [...new Set([...last.inputs.keys(), ...sharesOf(w, last).keys()])]
  return heard.filter((member) => !hasLeft(w, member) && !closes.has(member))
}

function hasAnswered(w: Work, member: MemberIndex): boolean {
  const input = w.s.box.inputs.get(member)
  return input?.object.type === 'status' && w.s.bodies.has(input.object.stateHash)
}

/** The reducer answered: s* if in DEBATE, ŝ* if in SHARE. A late answer is refused by its token. */
export function onAggregated(w: Work, token: number, result: Aggregated | null): void {
  const { s } = w
  const { pending } = s
  if (pending?.token !== token) {
    emit(w, { kind: 'ignored', from: s.config.self, code: 'late-aggregate' })
    return
  }
  s.pending = null
  const made = result === null || result.state.length > s.config.stateBytesMax ? null : result
  if (made !== null) own(w, s, 'bodies').set(made.stateHash, made.state)
  if (s.log.status === 'SHARE') settle(w, made?.stateHash ?? null)
  else castShare(w, made === null ? NOTHING : contentOf(pending, made.stateHash))
}

/** t2, t4, and the SHARE. What was cast before a reset stands. */
function castShare(w: Work, content: Content): void {
  const { s } = w
  const stored = s.box.rounds.get(0)?.shares.get(s.config.self)
  s.ownValue = stored?.object.stateHash ?? content.stateHash
  logEvent(w, 't2', 0, s.ownValue)
  logEvent(w, 't4', 0, s.ownValue)
  measureLast(w)
  if (stored === undefined) {
    record(
      w,
      { type: 'share', height: s.box.height, round: 0, parent: NIL, validRound: -1, ...content },
      null,
    )
    return
  }
  recordEntries(w)
  setTimer(w, 'share', s.config.shareTicks)
  emit(w, { kind: 'broadcast', parts: shareParts(w, s.box) })
}

/**
 * What this height's DEBATE has brought to light about the one before: divergence of its SHAREs (transitional), and of
 * the finalised states that the members say they hold (operational).
 */
function measureLast(w: Work): void {
  const { s } = w
  const { chain, last, box, finals, config } = s
  if (chain.height === 0) return
  const heard = new Map([...finals].filter(([member]) => box.inputs.has(member)))
  if (chain.value !== NIL) heard.set(config.self, chain.value)
  const shared = last === null ? [] : [...sharesOf(w, last).values()].map(({ object }) => object.stateHash)
  emit(w, {
    kind: 'measured',
    height: chain.height,
    transitional: measureValidity(shared),
    operational: measureValidity([...heard.values()]),
  })
}

/**
 * SHARE: left by t6 when every member of the last list and every one that answered in DEBATE has SHAREd its state, or
 * at `shareTimeout`, with the vote over, or the merge of, what is there.
 */
export function tryFinishShare(w: Work, profile: PaperProfile): boolean {
  const { s } = w
  if (s.pending !== null) return false
  const shares = sharesOf(w, s.box)
  const awaited = [...lastList(w), ...s.box.inputs.keys()]
  if (!expired(w, 'share') && !awaited.every((member) => shares.has(member))) return false
  const votes = [...shares.values()]
    .filter(({ object }) => object.stateHash !== NIL)
    .map(({ member, object }) => ({ member, stateHash: object.stateHash }))
  if (profile.selection === 'merge') return merge(w, votes)
  settle(w, electHash(votes, voteWeight(profile.selection, profile.weightOf)))
  return true
}

/** SHAREs of a height by member; one that is no NIL counts once its state is here, which is what verifies it. */
function sharesOf(w: Work, box: Work['s']['box']): ReadonlyMap<MemberIndex, Signed<Share>> {
  const shares = [...(box.rounds.get(0)?.shares ?? [])]
  return new Map(
    shares.filter(([, { object }]) => object.stateHash === NIL || w.s.bodies.has(object.stateHash)),
  )
}

/** ŝ* = f_agg_share(s*, states received), by the driver. A node without an s* of its own has nothing to merge into. */
function merge(
  w: Work,
  votes: readonly { readonly member: MemberIndex; readonly stateHash: Digest }[],
): boolean {
  const { s } = w
  const own = s.bodies.get(s.ownValue)
  if (own === undefined) {
    settle(w, null)
    return true
  }
  const inputs = votes
    .filter(({ member }) => member !== s.config.self)
    .sort((a, b) => a.member - b.member)
    .flatMap(({ member, stateHash }) => {
      const state = s.bodies.get(stateHash)
      return state === undefined ? [] : [{ member, state }]
    })
  const { eventSeq, eventsHash } = s.box.rounds.get(0)?.shares.get(s.config.self)?.object ?? NOTHING
  s.tokens += 1
  s.pending = { token: s.tokens, round: 0, inputs: 0n, inputsRoot: NIL, eventSeq, eventsHash }
  emit(w, { kind: 'aggregate', token: s.tokens, height: s.box.height, inputs, eventSeq, closing: false, own })
  return true
}

/** t6: ŝ* is what this node says it is. Nothing proves it to anybody. */
function settle(w: Work, final: Digest | null): void {
  const { s } = w
  const { height } = s.box
  const shares = sharesOf(w, s.box)
  const heard = bitmapOf([...shares.keys()])
  logEvent(w, 't6', 0, final ?? NIL)
  if (noteLeavers(w, s.box.rounds.get(0)?.list?.objects ?? [])) {
    logEvent(w, 't5', 0, final ?? NIL)
    logEvent(w, 't7', 0, final ?? NIL)
  }
  recordEntries(w)
  const state = final === null ? undefined : s.bodies.get(final)
  if (final !== null && state !== undefined) {
    const globallyValid = isGloballyValid(s.ownValue, final)
    emit(w, { kind: 'settled', height, state, stateHash: final, heard, globallyValid })
  }
  const cuts = [...shares.values()].map(({ object }) => object.eventSeq)
  closeHeight(w, final ?? NIL, heard, Math.max(0, ...cuts))
}
