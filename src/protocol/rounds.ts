import { bitmapOf } from '../codec/bitmap.ts'
import { inputsRoot } from '../codec/objects.ts'
import type { MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Hello, Signed, SignedInput } from '../types/objects.ts'
import { aggregate, castShare, isUsable, usableInputs } from './debate.ts'
import { askProofs } from './help.ts'
import { entriesOf, hasLeft } from './close.ts'
import { readHash } from './ledger.ts'
import { inputsToList, isKnownToFail } from './poison.ts'
import { isQuorum, weightOf } from './quorum.ts'
import { accuseReductions } from './reduction.ts'
import type { EngineConfig, ShareQuorum } from './state.ts'
import { emptyRound, KEPT_NOTHING } from './state.ts'
import { admission, resolve, tallyConfirms } from './votes.ts'
import type { Work } from './work.ts'
import { emit, expired, grown, hasOpened, logEvent, own, ownRound, record, setTimer } from './work.ts'

/** Fewest rounds of a height that are remembered behind the running one; 2 n where that is more. */
const ROUNDS_KEPT_MIN = 64

/** Convener of a round ≥ 1: members by `keccak(seed ‖ key)`, position (height + round) mod n. */
export function convener(config: EngineConfig, height: number, round: number): MemberIndex {
  return config.order[(height + round) % config.order.length] ?? 0
}

/**
 * Leaves the running round when CONFIRMs of quorum weight are here for it or for a later one: at once if a quorum says
 * NIL or the round is later, else after `confirmTimeout`. They admit to the next round.
 */
export function tryLeaveRound(w: Work): boolean {
  const { s } = w
  if (!hasOpened(w) || s.adoption !== null) return false
  let leave = -1
  for (const [round, box] of s.box.rounds) {
    if (round < s.round || round <= leave) continue
    const tally = tallyConfirms(s.config.cluster, box.confirms)
    if (!tally.complete) continue
    if (round > s.round || tally.nil) leave = round
    else if (!s.timers.has('confirm')) {
      setTimer(w, 'confirm', grown(w, s.config.confirmTicks))
      askProofs(w) // in time for the next convener
    } else if (expired(w, 'confirm')) leave = round
  }
  if (leave < 0) return false
  enterRound(w, leave + 1)
  return true
}

/** Ends the running round with NIL as far as the node had come, then t3 into the next. */
function enterRound(w: Work, round: number): void {
  const { s } = w
  if (s.log.status === 'DEBATE') {
    logEvent(w, 't2', s.round, NIL)
    logEvent(w, 't4', s.round, NIL)
  }
  if (s.log.status === 'SHARE') logEvent(w, 't6', s.round, NIL)
  accuseReductions(w)
  s.round = round
  s.ownValue = NIL
  s.pending = null
  for (const name of ['debate', 'share', 'confirm', 'hello'] as const) own(w, s, 'timers').delete(name)
  forgetRounds(w)
  logEvent(w, 't3', round, s.chain.value)
  askProofs(w)
  setTimer(w, 'hello', grown(w, s.config.helloTicks))
}

/**
 * Drops what nobody can need any more, so that a height without end does not fill memory. Every member convenes within
 * n rounds, and brings the SHARE quorum of its lock along.
 */
function forgetRounds(w: Work): void {
  const { s } = w
  const rounds = Math.max(ROUNDS_KEPT_MIN, 2 * s.config.cluster.members.length)
  const dropped = [...s.box.rounds.keys()].filter((round) => round < s.round - rounds)
  if (dropped.length === 0) return
  for (const round of dropped) if (round !== s.valid?.round) own(w, s.box, 'rounds').delete(round)
  const boxes = [...s.box.rounds.values()]
  const inputs = [s.box.inputs, s.next.inputs].flatMap((held) => [...held.values()])
  const named = [...inputs, ...boxes.flatMap(({ list }) => list?.objects ?? [])]
  const kept = new Set(named.flatMap(({ object }) => (object.type === 'status' ? [object.stateHash] : [])))
  for (const { shares } of boxes) for (const { object } of shares.values()) kept.add(object.stateHash)
  if (s.valid !== null) kept.add(s.valid.content.stateHash)
  for (const hash of s.bodies.keys()) if (!kept.has(hash)) own(w, s, 'bodies').delete(hash)
}

/** DEBATE of a round ≥ 1. The convener lists or re-proposes; everybody answers with a SHARE, NIL at `helloTimeout`. */
export function tryAnswerHello(w: Work): boolean {
  const { s } = w
  if (s.round === 0 || s.pending !== null) return false
  const box = s.box.rounds.get(s.round) ?? emptyRound()
  if (box.hello === null && convener(s.config, s.box.height, s.round) === s.config.self && convene(w)) {
    return false // answered when the signed HELLO comes back
  }
  const late = expired(w, 'hello')
  const answered =
    box.hello !== null &&
    (box.hello.object.value === NIL ? answerList(w, box.hello) : answerValue(w, box.hello.object))
  if (answered) return true
  if (!late && box.shares.get(s.config.self) === undefined) return false
  castShare(w, null, -1)
  return true
}

/**
 * Signs a HELLO: the value of the highest earlier SHARE quorum, else a list of usable STATUS (`poison.ts`) if of quorum weight, and
 * if the reducer is not known to fail over it.
 */
function convene(w: Work): boolean {
  const { s } = w
  if (s.convened === s.round) return true
  const base = { type: 'hello', height: s.box.height, round: s.round } as const
  const kept = { ...KEPT_NOTHING, admission: admission(s.box, s.round) }
  const valid = validBefore(w)
  if (valid !== null) {
    const { value, content, round } = valid
    s.convened = s.round
    record(
      w,
      { ...base, value, inputsRoot: content.inputsRoot, inputs: content.inputs, validRound: round },
      null,
      kept,
    )
    return true
  }
  const inputs = inputsToList(w, usableInputs(w))
  const members = inputs.map((input) => input.member)
  if (!isQuorum(s.config.cluster, weightOf(s.config.cluster, members))) return false
  const listed = bitmapOf(members)
  const root = inputsRoot(
    listed,
    inputs.map((input) => input.hash),
  )
  if (isKnownToFail(w, root)) return false
  s.convened = s.round
  record(w, { ...base, value: NIL, inputsRoot: root, inputs: listed, validRound: -1 }, null, kept)
  return true
}

/**
 * SHARE quorum of the highest round before the running one. A convener that is late may have heard that of a later round: a
 * HELLO that names it convicts its signer.
 */
function validBefore({ s }: Work): ShareQuorum | null {
  if (s.valid === null || s.valid.round < s.round) return s.valid
  const earlier = [...s.box.rounds].filter(([round]) => round < s.round)
  return earlier.reduce<ShareQuorum | null>(
    (best, [, { quorum }]) => (quorum !== null && quorum.round > (best?.round ?? -1) ? quorum : best),
    null,
  )
}

/** What travels with an own HELLO: the SHARE quorum of a re-proposal, or the listed objects. */
export function helloAttachments(w: Work, hello: Hello): Signed[] {
  if (hello.value !== NIL) return [...(quorumOf(w, hello.validRound)?.shares ?? [])]
  return [...(w.s.box.rounds.get(hello.round)?.list?.objects ?? [])]
}

/**
 * Finds the objects behind a fresh list: those that came with it, else those held. An equivocator in the list is no
 * reason to refuse: the list pins one input.
 */
export function resolveList(w: Work, hello: Hello, attached: readonly SignedInput[]): void {
  const { s } = w
  const box = ownRound(w, s.box, hello.round)
  if (hello.value !== NIL || box.list !== null) return
  const objects = resolve(hello, [...attached, ...entriesOf(w), ...s.box.inputs.values()])
  if (objects === null) return
  box.list = { round: hello.round, inputs: hello.inputs, inputsRoot: hello.inputsRoot, objects }
}

/** A fresh list: SHARE its aggregate if this node has no lock and every body is here and valid. */
function answerList(w: Work, hello: Signed<Hello>): boolean {
  const { s } = w
  if (s.lock !== null) {
    castShare(w, null, -1)
    return true
  }
  const list = s.box.rounds.get(s.round)?.list ?? null
  if (list === null) return false
  if (isKnownToFail(w, list.inputsRoot) || list.objects.some(({ member }) => hasLeft(w, member))) {
    castShare(w, null, -1)
    return true
  }
  const missing = list.objects.flatMap((input) =>
    input.object.type === 'status' && !s.bodies.has(input.object.stateHash) ? [input.object.stateHash] : [],
  )
  if (missing.length > 0) {
    if (s.askedRound !== s.round) {
      s.askedRound = s.round
      emit(w, { kind: 'send', to: hello.member, parts: [{ kind: 'get', hashes: missing }] })
    }
    return false
  }
  if (list.objects.every((input) => isUsable(w, input))) return aggregate(w, list.objects)
  castShare(w, null, -1)
  return true
}

/**
 * A re-proposal: SHARE it if its SHARE quorum is here, this node reads the same ledger events, and no later lock forbids
 * it.
 */
function answerValue(w: Work, hello: Hello): boolean {
  const { s } = w
  const quorum = quorumOf(w, hello.validRound)
  if (quorum?.value !== hello.value) return false
  const eventsHash = readHash(w, quorum.content.eventSeq)
  if (eventsHash === null) return false
  const isUnlocked = s.lock === null || s.lock.round <= hello.validRound
  const free = isUnlocked && eventsHash === quorum.content.eventsHash
  castShare(w, free ? quorum.content : null, free ? hello.validRound : -1)
  return true
}

function quorumOf(w: Work, round: number): ShareQuorum | null {
  return w.s.box.rounds.get(round)?.quorum ?? null
}
