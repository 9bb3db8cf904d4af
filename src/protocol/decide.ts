import { encodeInputs, publishedInputs } from '../codec/batch.ts'
import { concatHex } from '../codec/hex.ts'
import { epochOf } from '../codec/log.ts'
import { appendRoot } from '../codec/roots.ts'
import type { DecidedHeight } from '../types/frames.ts'
import { GET_MAX } from '../types/frames.ts'
import type { Digest } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Share, Signed } from '../types/objects.ts'
import { forgetReports } from './accuse.ts'
import { turnHearing } from './awaited.ts'
import { signCheckpoint } from './checkpoint.ts'
import { entriesOf, noteLeavers } from './close.ts'
import { forgetEvents } from './ledger.ts'
import { sharedSteps } from './phase-log.ts'
import { accuseReductions } from './reduction.ts'
import { noteShareQuorum } from './share.ts'
import type { Adoption, EngineState } from './state.ts'
import { emptyBox } from './state.ts'
import { measureValidity, isGloballyValid } from './validity.ts'
import { resolve, tallyConfirms, votedValue } from './votes.ts'
import { payWish } from './wish.ts'
import type { Work } from './work.ts'
import { emit, expired, logEvent, own, recordEntries, setTimer } from './work.ts'

/** Looks for a commit certificate of the height in work and decides once everything behind it is here. */
export function tryDecide(w: Work): boolean {
  const { s } = w
  if (s.adoption === null) {
    for (const [round, box] of s.box.rounds) {
      const { commit } = tallyConfirms(s.config.cluster, box.confirms)
      const value = commit?.[0]?.object.value
      if (commit === null || value === undefined) continue
      s.adoption = { round, value, confirms: commit, share: null, inputs: null, served: false }
      break
    }
  }
  if (s.adoption === null) return false
  findContent(w, s.adoption)
  const missing = missingBodies(s, s.adoption)
  if (missing === null || missing.length > 0) {
    // what is being aggregated right now need not be fetched
    if (s.pending === null || s.pending.inputsRoot !== s.adoption.share?.object.inputsRoot)
      ask(w, s.adoption, missing)
    return false
  }
  decide(w, s.adoption)
  return true
}

/** Asks a member that confirmed: for the height if its content is unknown, for bodies otherwise. Again after `shareTimeout`. */
function ask(w: Work, adoption: Adoption, missing: readonly Digest[] | null): void {
  const { s } = w
  if (s.timers.has('fetch') && !expired(w, 'fetch')) return
  const others = adoption.confirms.filter((signed) => signed.member !== s.config.self)
  // one further each time: a multiple of shareTicks must not come back to the same member for ever
  const target = others[Math.floor(s.tick / s.config.shareTicks) % Math.max(others.length, 1)]
  if (target === undefined) return
  setTimer(w, 'fetch', s.config.shareTicks)
  emit(w, {
    kind: 'send',
    to: target.member,
    parts: [
      missing === null
        ? { kind: 'sync', fromHeight: s.box.height }
        : { kind: 'get', hashes: [...new Set([...missing, ...wantedAhead(s)])].slice(0, GET_MAX) },
    ],
  })
}

/**
 * A SHARE for the decided value, and the signed inputs that its inputsRoot commits to: those heard first, or those of a
 * convener's list.
 */
function findContent(w: Work, adoption: Adoption): void {
  if (adoption.inputs !== null) return
  const { inputs, rounds } = w.s.box
  const boxes = [...rounds.values()]
  const lists = [
    [...inputs.values()],
    entriesOf(w),
    ...boxes.flatMap(({ list }) => (list === null ? [] : [list.objects])),
  ]
  for (const { shares, quorum } of boxes) {
    for (const signed of [...shares.values(), ...(quorum?.shares ?? [])]) {
      const { object } = signed
      if (votedValue(object) !== adoption.value) continue
      const found = lists.map((list) => resolve(object, list)).find((listed) => listed !== null)
      if (found === undefined) return // all such votes name this one list
      adoption.share = signed
      adoption.inputs = found
      return
    }
  }
}

/** Hashes of bodies still to be fetched; null while not even the content is known. */
function missingBodies(s: EngineState, adoption: Adoption): Digest[] | null {
  return namedBodies(adoption)?.filter((hash) => !s.bodies.has(hash)) ?? null
}

/** Hashes of the state and the listed states; null while not even the content is known. */
function namedBodies({ share, inputs }: Adoption): Digest[] | null {
  if (share === null || inputs === null) return null
  const listed = inputs.flatMap(({ object }) => (object.type === 'status' ? [object.stateHash] : []))
  return [...new Set([share.object.stateHash, ...listed])]
}

/** Bodies that pending decisions wait for. */
export function wantedByAdoption(s: EngineState): readonly Digest[] {
  const now = s.adoption === null ? null : missingBodies(s, s.adoption)
  return [...(now ?? []), ...wantedAhead(s)]
}

/** Bodies of the heights that were sent ahead: asked for together with those of the height in work. */
function wantedAhead(s: EngineState): Digest[] {
  return [...s.ahead.values()].flatMap((adoption) => missingBodies(s, adoption) ?? [])
}

function decide(w: Work, adoption: Adoption): void {
  const { s } = w
  const { share, inputs } = adoption
  if (share === null || inputs === null) return
  const { object } = share
  const height = s.box.height
  const decided: DecidedHeight = { height, confirms: adoption.confirms, share, inputs }
  completeLog(w, adoption)
  if (noteLeavers(w, inputs)) {
    logEvent(w, 't5', s.log.round, adoption.value)
    logEvent(w, 't7', s.log.round, adoption.value)
  }
  recordEntries(w)
  const bodyOf = (hash: Digest): Uint8Array | null => s.bodies.get(hash) ?? null
  const bodies = new Map<Digest, Uint8Array>()
  for (const input of inputs) {
    if (input.object.type !== 'status') continue
    const body = s.bodies.get(input.object.stateHash)
    if (body !== undefined) bodies.set(input.object.stateHash, body)
  }
  emit(w, {
    kind: 'decided',
    decided,
    round: adoption.round,
    value: adoption.value,
    state: s.bodies.get(object.stateHash) ?? new Uint8Array(),
    bodies,
    globallyValid: isGloballyValid(s.ownValue, adoption.value),
  })
  accuseReductions(w)
  const root = appendRoot(s.chain.root, adoption.value)
  s.chain = {
    height,
    value: adoption.value,
    stateHash: object.stateHash,
    inputs: object.inputs,
    eventSeq: object.eventSeq,
    root,
  }
  forgetEvents(w)
  const packed = s.config.publishesInputs === true ? encodeInputs([publishedInputs(inputs, bodyOf)]) : '0x'
  s.epoch = {
    ...s.epoch,
    values: [...s.epoch.values, adoption.value],
    inputs: concatHex(s.epoch.inputs, packed),
  }
  s.box.decidedRound = adoption.round
  // an own aggregate was held against the twin before it was voted for
  if (isGloballyValid(s.ownValue, adoption.value) && s.vetted === height - 1) s.vetted = height
  signCheckpoint(w)
  nextHeight(w)
  if (adoption.served) catchUp(w, adoption)
}

/** Completes the open phases with the decided value; a height never entered gets the shared log. */
function completeLog(w: Work, adoption: Adoption): void {
  const { s } = w
  const { value } = adoption
  const entered = s.log.height === s.box.height && s.log.seq > 0
  const at = Math.max(s.round, entered ? s.log.round : 0)
  if (entered && s.log.status === 'INITIAL') logEvent(w, 't1', at, s.chain.value)
  if (!entered) {
    s.anchorTick = s.tick
    for (const step of sharedSteps(adoption.round, value, s.chain.value, s.log.status)) {
      logEvent(w, step.event, step.round, step.value)
    }
    return
  }
  if (s.log.status === 'DEBATE') {
    logEvent(w, 't2', at, value)
    logEvent(w, 't4', at, value)
  }
  if (s.log.status === 'SHARE') logEvent(w, 't6', at, value)
}

/** After a height that was served: asks for more unless the next is here, another member each time. */
function catchUp(w: Work, adoption: Adoption): void {
  const { s } = w
  const { height } = s.box
  const others = adoption.confirms.filter((signed) => signed.member !== s.config.self)
  const target = others[height % Math.max(others.length, 1)]
  if (s.adoption !== null || target === undefined || height > s.config.heights) return
  emit(w, { kind: 'send', to: target.member, parts: [{ kind: 'sync', fromHeight: height }] })
}

function nextHeight(w: Work): void {
  const { s } = w
  if (s.timers.has('measure')) measure(w)
  const height = s.chain.height + 1
  if (epochOf(height, s.config.epochHeights) !== epochOf(s.chain.height, s.config.epochHeights)) {
    s.epoch = { first: height, previous: s.chain.value, values: [], entries: [], inputs: '0x' }
  }
  payWish(w)
  s.older = s.last
  s.last = s.box
  s.box = s.next
  s.next = emptyBox(height + 1)
  forgetReports(w)
  turnHearing(w)
  s.round = 0
  s.ownValue = NIL
  s.convened = -1
  s.askedRound = -1
  s.resends = 0
  s.pending = null
  s.failed = new Map()
  s.proofs = new Map()
  s.lock = null
  s.valid = null
  s.adoption = s.ahead.get(height) ?? null
  own(w, s, 'ahead').delete(height)
  s.observing = false
  for (const name of ['debate', 'hello', 'share', 'confirm', 'resend', 'fetch'] as const)
    own(w, s, 'timers').delete(name)
  setTimer(w, 'measure', s.config.shareTicks)
  const announced = new Set(
    [...s.box.inputs.values()].flatMap((input) =>
      input.object.type === 'status' ? [input.object.stateHash] : [],
    ),
  )
  const served = [...s.ahead.values(), ...(s.adoption === null ? [] : [s.adoption])]
  for (const adoption of served) for (const hash of namedBodies(adoption) ?? []) announced.add(hash)
  for (const hash of s.bodies.keys()) if (!announced.has(hash)) own(w, s, 'bodies').delete(hash)
  for (const round of s.box.rounds.keys()) noteShareQuorum(w, round)
}

/**
 * Transitional validity over the SHAREs of a height's last round, operational validity over its CONFIRMs (paper,
 * section 4), once the late ones are in too.
 */
export function measure(w: Work): void {
  const { s } = w
  own(w, s, 'timers').delete('measure')
  if (s.last === null) return
  const box = s.last.rounds.get(s.last.decidedRound ?? 0)
  const values = (objects: Iterable<{ value: Digest }>): Digest[] =>
    [...objects].map((object) => object.value)
  const shares = [...(box?.shares.values() ?? [])].map((signed: Signed<Share>) => ({
    value: votedValue(signed.object),
  }))
  const confirms = [...(box?.confirms.values() ?? [])].map((signed) => ({ value: signed.object.value }))
  emit(w, {
    kind: 'measured',
    height: s.last.height,
    transitional: measureValidity(values(shares)),
    operational: measureValidity(values(confirms)),
  })
}
