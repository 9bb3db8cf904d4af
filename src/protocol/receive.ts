import type { DecidedHeight, Part } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Checkpoint, Confirm, Hello, Share, Signed, SignedInput } from '../types/objects.ts'
import { equivocate, examine, noteAmnesia, notePassed, noteUnjustified } from './accuse.ts'
import { noteHeard } from './awaited.ts'
import { keepCheckpoint } from './checkpoint.ts'
import { keepClose } from './close.ts'
import { wantedByAdoption } from './decide.ts'
import { askProofs, help, serveAsk } from './help.ts'
import type { EngineEffect, IgnoreCode } from './io.ts'
import { openers } from './opening.ts'
import { noteParents } from './parents.ts'
import { hasHonest, isQuorum, weightOf } from './quorum.ts'
import { convener, resolveList } from './rounds.ts'
import type { Adoption, EngineState, HeightBox } from './state.ts'
import { receiveSeen } from './seen.ts'
import { keepQuorum, noteShareQuorum } from './share.ts'
import {
  isWellFormedHello,
  isWellFormedShare,
  resolve,
  shareQuorum,
  tallyConfirms,
  tallyShares,
  votedValue,
} from './votes.ts'
import { noteWish } from './wish.ts'
import type { Work } from './work.ts'
import { emit, grown, hasOpened, own, ownRound, parentOf, RESENDS_PROMPT, setTimer } from './work.ts'

/** Decided heights that are kept while the ones below are still being taken: one page of an answer. */
const AHEAD_MAX = 8

/** Takes in one frame of a member: signed objects first, since they announce which bodies are wanted. */
export function receive(w: Work, from: MemberIndex, parts: readonly Part[]): void {
  const objects = parts.flatMap((part) => (part.kind === 'object' ? [part.signed] : []))
  w.frame = { from, objects }
  noteHeard(w, from, objects)
  notePassed(w, from, objects)
  for (const signed of objects) receiveObject(w, from, signed, parts)
  receiveQuorums(w, objects)
  for (const signed of objects) {
    if (signed.object.type === 'hello') resolveHello(w, signed as Signed<Hello>, objects)
  }
  let behind: Confirm | Checkpoint | null = null
  for (const part of parts) {
    switch (part.kind) {
      case 'object':
        if (part.signed.member === from) behind = carrierOf(part.signed) ?? behind
        break
      case 'seen':
        if (behind !== null) receiveSeen(w, from, behind, part)
        break
      case 'body':
        receiveBody(w, from, part.hash, part.bytes)
        break
      case 'roundCertificate':
        receiveCertificate(w, from, part.certificate.confirms)
        break
      case 'decided':
        receiveDecided(w, from, part.decided)
        break
      case 'get':
      case 'sync':
      case 'ask':
        if (part.kind === 'ask' && part.wish === true) noteWish(w, from, part.height)
        // an ask beside a STATUS is the HELLO of round 0: the answer is our own broadcast
        if (part.kind !== 'ask' || objects.length === 0) serveAsk(w, from, part)
        break
      case 'notes':
      case 'own': // the driver's: it knows the store
      case 'at':
        break
    }
  }
}

/** What a member may say behind its own object of this kind: what it has seen. */
function carrierOf({ object }: Signed): Confirm | Checkpoint | null {
  return object.type === 'confirm' || object.type === 'checkpoint' ? object : null
}

function ignored(w: Work, from: MemberIndex, code: IgnoreCode): void {
  const effect: EngineEffect = { kind: 'ignored', from, code }
  emit(w, effect)
}

function receiveObject(w: Work, from: MemberIndex, signed: Signed, parts: readonly Part[]): void {
  const { s } = w
  const { object } = signed
  if (object.type === 'checkpoint') {
    const note = parts.find((part) => part.kind === 'notes')
    const own = note !== undefined && signed.member === from ? note.note : null
    const outcome = keepCheckpoint(w, signed as Signed<typeof object>, own)
    if (outcome !== 'kept') ignored(w, from, outcome)
    return
  }
  if (object.type === 'close') {
    const outcome = keepClose(w, signed as Signed<typeof object>)
    if (outcome !== null) ignored(w, from, outcome)
    return
  }
  if (object.height > s.next.height) {
    ignored(w, from, 'far-ahead')
    help(w, from, 'ask-heights')
    return
  }
  const box = [s.box, s.next, s.last].find((candidate) => candidate?.height === object.height)
  if (box === undefined || box === null) {
    // no longer of use, but it may still convict: answers to questions about what others have seen come late
    if (s.older?.height === object.height) holdAgainst(w, s.older, signed)
    ignored(w, from, 'stale')
    help(w, from, 'serve-heights', object.height)
    return
  }
  const outcome = keep(w, box, signed)
  if (outcome !== null) ignored(w, from, outcome)
  helpSlow(w, from, signed, outcome === 'duplicate')
  if (outcome !== null) return
  if (box === s.box) heardNew(w)
  if (box === s.box && object.type === 'share') noteShareQuorum(w, object.round)
  if (box === s.box && object.type === 'confirm' && (object.round < s.round || s.timers.has('confirm'))) {
    askProofs(w)
  }
  if (box === s.next && isBehind(w)) help(w, from, 'ask-heights')
}

/** The network brings something new: what may have been lost is sent again soon, not after a pause grown in silence. */
function heardNew(w: Work): void {
  const { s } = w
  const isGrown = s.resends > RESENDS_PROMPT && s.timers.has('resend')
  s.resends = 0
  if (isGrown) setTimer(w, 'resend', grown(w, s.config.shareTicks))
}

/** Whether this node takes no part in its height, while members of more than a third are in the next: it is decided. */
function isBehind(w: Work): boolean {
  const { cluster } = w.s.config
  return !hasOpened(w) && hasHonest(cluster, weightOf(cluster, openers(w.s.next)))
}

/** A STATUS or repeated vote of a decided height, or a vote of a round we have left, comes from a member behind. */
function helpSlow(w: Work, from: MemberIndex, signed: Signed, duplicate: boolean): void {
  const { s } = w
  const { object } = signed
  if (!('height' in object) || signed.member !== from) return
  const behind = duplicate || object.type === 'status'
  if (object.height === s.last?.height && behind) help(w, from, 'serve-heights', object.height)
  if (object.height === s.box.height && 'round' in object && object.round < s.round) {
    help(w, from, 'serve-admission')
  }
}

/** Puts an object into its height's box. Null if it is new there. */
function keep(w: Work, box: HeightBox, signed: Signed): IgnoreCode | null {
  const { config } = w.s
  const { object, member } = signed
  switch (object.type) {
    case 'status':
      if (isSame(box.inputs.get(member), signed)) return 'duplicate'
      return put(w, box, own(w, box, 'inputs'), signed as SignedInput)
    case 'share':
      if (isFar(w, box, object.round)) return 'far-ahead'
      if (!isWellFormedShare(config.cluster, object)) {
        holdAgainst(w, box, signed)
        noteUnjustified(w, { ...signed, object })
        return 'malformed-vote'
      }
      if (isSame(box.rounds.get(object.round)?.shares.get(member), signed)) return 'duplicate'
      return put(w, box, own(w, ownRound(w, box, object.round), 'shares'), signed as Signed<Share>)
    case 'confirm':
      if (isFar(w, box, object.round)) return 'far-ahead'
      if (isSame(box.rounds.get(object.round)?.confirms.get(member), signed)) return 'duplicate'
      return put(w, box, own(w, ownRound(w, box, object.round), 'confirms'), signed as Signed<Confirm>)
    case 'hello': {
      if (member !== convener(config, object.height, object.round)) return 'not-convener'
      if (isFar(w, box, object.round)) return 'far-ahead'
      if (!isWellFormedHello(config.cluster, object)) {
        noteUnjustified(w, { ...signed, object })
        return 'malformed-vote'
      }
      const round = ownRound(w, box, object.round)
      if (round.hello === null) {
        round.hello = signed as Signed<Hello>
        return null
      }
      return compare(w, box, round.hello, signed)
    }
    case 'checkpoint':
    case 'close':
      return 'stale'
  }
}

/** Whether an object is here already: it was held against everything when the later of the two came. */
function isSame(held: Signed | undefined, signed: Signed): boolean {
  return held?.hash === signed.hash
}

/**
 * Rounds are kept up to the one after ours, or after the deciding one: a vote there may be against a CONFIRM. Of other
 * heights round 0 and 1. Certificates lead further.
 */
function isFar(w: Work, box: HeightBox, round: number): boolean {
  const known = [...box.rounds.keys()].reduce((a, b) => Math.max(a, b), 0)
  const limit =
    box === w.s.box ? w.s.round + 1 : box === w.s.last ? Math.max(known, (box.decidedRound ?? 0) + 1) : 1
  return round > limit
}

/** An object that is not kept, held against all that its signer said elsewhere. */
function holdAgainst(w: Work, box: HeightBox, signed: Signed): void {
  examine(w, box, signed)
  noteParents(w, signed)
}

function put<T extends Signed>(
  w: Work,
  box: HeightBox,
  held: Map<MemberIndex, T>,
  signed: T,
): IgnoreCode | null {
  noteAmnesia(w, box, signed)
  noteParents(w, signed)
  const first = held.get(signed.member)
  if (first !== undefined) return compare(w, box, first, signed)
  held.set(signed.member, signed)
  return null
}

function compare(w: Work, box: HeightBox, first: Signed, second: Signed): IgnoreCode | null {
  if (first.hash === second.hash) return 'duplicate'
  equivocate(w, box, first, second)
  return null
}

/**
 * A SHARE quorum that travels in one frame counts as a whole: in it a member counts once, whatever else it signed.
 * Otherwise one liar who voted differently here would hide the reason of another member's lock.
 */
function receiveQuorums(w: Work, objects: readonly Signed[]): void {
  const { s } = w
  const votes = new Map<number, Map<MemberIndex, Signed<Share>>>()
  for (const signed of objects) {
    const { object } = signed
    if (object.type !== 'share' || object.height !== s.box.height) continue
    if (!isWellFormedShare(s.config.cluster, object) || isFar(w, s.box, object.round)) continue
    const round = votes.get(object.round) ?? new Map<MemberIndex, Signed<Share>>()
    votes.set(object.round, round.set(signed.member, signed as Signed<Share>))
  }
  for (const [round, shares] of votes) {
    const known = s.box.rounds.get(round)?.quorum ?? null
    if (known !== null) continue
    const { winner } = tallyShares(s.config.cluster, parentOf(w), shares)
    if (winner !== null) keepQuorum(w, shareQuorum(winner))
  }
}

function resolveHello(w: Work, hello: Signed<Hello>, objects: readonly Signed[]): void {
  const { s } = w
  if (hello.object.height !== s.box.height) return
  const held = s.box.rounds.get(hello.object.round)?.hello
  if (held?.hash !== hello.hash) return
  const attached = objects.filter(
    (signed): signed is SignedInput =>
      signed.object.type === 'close' ||
      (signed.object.type === 'status' && signed.object.height === s.box.height),
  )
  resolveList(w, hello.object, attached)
}

/** Bodies are kept only if a signed object announced them, so a peer cannot fill memory. */
function receiveBody(w: Work, from: MemberIndex, hash: Digest, bytes: Uint8Array): void {
  const { s } = w
  const { stateBytesMax, inputBytesMax } = s.config
  if (bytes.length > Math.max(stateBytesMax, inputBytesMax)) return ignored(w, from, 'oversized-body')
  if (!isWantedBody(s, hash)) return ignored(w, from, 'unwanted-body')
  own(w, s, 'bodies').set(hash, bytes)
}

/** Whether a signed object announced this body, or a decision waits for it. */
export function isWantedBody(s: EngineState, hash: Digest): boolean {
  const lists = [...s.box.rounds.values()].flatMap(({ list }) => list?.objects ?? [])
  const announced = [...s.box.inputs.values(), ...s.next.inputs.values(), ...lists].some(
    (input) => input.object.type === 'status' && input.object.stateHash === hash,
  )
  return announced || wantedByAdoption(s).includes(hash)
}

/** A round certificate counts as a whole: it may be for a round far above ours. */
function receiveCertificate(w: Work, from: MemberIndex, confirms: readonly Signed<Confirm>[]): void {
  const { s } = w
  const first = confirms[0]?.object
  const uniform = confirms.every(
    ({ object }) => object.height === s.box.height && object.round === first?.round,
  )
  const weight = weightOf(
    s.config.cluster,
    confirms.map((signed) => signed.member),
  )
  if (first === undefined || !uniform || !isQuorum(s.config.cluster, weight)) {
    return ignored(w, from, 'bad-certificate')
  }
  if (first.round < s.round) {
    for (const signed of confirms) examine(w, s.box, signed)
    return ignored(w, from, 'stale')
  }
  const held = own(w, ownRound(w, s.box, first.round), 'confirms')
  for (const signed of confirms) put(w, s.box, held, signed)
}

/** A decided height with its votes: taken if it proves itself, at once or when the heights below are decided too. */
function receiveDecided(w: Work, from: MemberIndex, decided: DecidedHeight): void {
  const { s } = w
  const { height } = decided
  const box = [s.box, s.next, s.last].find((candidate) => candidate?.height === height)
  if (box !== undefined && box !== null) {
    for (const signed of [...decided.confirms, decided.share, ...decided.inputs])
      if ('height' in signed.object && signed.object.height === height) holdAgainst(w, box, signed)
  }
  if (height < s.box.height) return ignored(w, from, 'stale')
  if (height > s.box.height + AHEAD_MAX) return ignored(w, from, 'far-ahead')
  const proved = prove(w, decided)
  if (proved === null) return ignored(w, from, 'bad-certificate')
  if (height > s.box.height) {
    own(w, s, 'ahead').set(height, proved)
    return
  }
  // one that was waiting for its content has found it
  if (s.adoption !== null && s.adoption.inputs !== null) return
  s.adoption = proved
  own(w, s, 'timers').delete('fetch')
}

/** What a decided height commits to: CONFIRMs of quorum weight for one value in one round, and all that it stands for. */
function prove(w: Work, { height, confirms, share, inputs }: DecidedHeight): Adoption | null {
  const { cluster } = w.s.config
  const { commit } = tallyConfirms(cluster, new Map(confirms.map((signed) => [signed.member, signed])))
  const agreed = commit?.[0]?.object
  if (commit === null || agreed === undefined) return null
  const { round, value } = agreed
  const uniform = confirms.every(({ object }) => object.height === height && object.round === round)
  if (!uniform || share.object.height !== height || !isWellFormedShare(cluster, share.object)) return null
  const listed = votedValue(share.object) === value ? resolve(share.object, inputs) : null
  return listed === null ? null : { round, value, confirms: commit, share, inputs: listed, served: true }
}
