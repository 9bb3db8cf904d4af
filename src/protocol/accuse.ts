import {
  accusedOf,
  convictingObject,
  heightOf,
  isAmnesia,
  isEquivocation,
  isUnjustified,
} from '../codec/evidence.ts'
import { signOnceKey } from '../codec/objects.ts'
import type { Evidence } from '../types/evidence.ts'
import type { MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Hello, Share, Signed } from '../types/objects.ts'
import { groupFor } from './few.ts'
import type { HeightBox } from './state.ts'
import type { Work } from './work.ts'
import { emit, own } from './work.ts'

/** Reports evidence, once per member, kind and sign-once key. Whether it is new. */
export function accuse(w: Work, evidence: Evidence): boolean {
  const { reported } = w.s
  const height = heightOf(evidence)
  const { object } = convictingObject(evidence)
  const line = `${accusedOf(evidence)}/${evidence.kind}/${signOnceKey(object)}`
  const known = reported.get(height)
  if (known?.has(line) === true) return false
  own(w, w.s, 'reported').set(height, new Set([...(known ?? []), line]))
  emit(w, { kind: 'evidence', evidence })
  if (evidence.kind === 'E1') pass(w, line, [evidence.first, evidence.second])
  if (evidence.kind === 'E1b') pass(w, line, [evidence.confirm, evidence.share])
  if (evidence.kind === 'E6') pass(w, line, [evidence.other, evidence.share])
  return true
}

type Pair = readonly [Signed, Signed]

/**
 * Two objects that met here may have met nowhere else: all get both, so that whoever's turn it is can bring the proof to
 * the chain. Not if a third member sent both in one frame: it does the same. Where everybody finds the pair at once, a few
 * members send it, and the next few `shareTicks` later, unless they have heard it by then.
 */
function pass(w: Work, line: string, pair: Pair): void {
  const { s, frame } = w
  const { cluster, self, shareTicks } = s.config
  if (frame !== null && isPassedBy(frame.from, frame.objects, pair)) return
  const [a, b] = pair
  if (a.member === self) return
  const group = groupFor(cluster, self, a.hash < b.hash ? a.hash : b.hash)
  if (group === 0) passOn(w, pair)
  else own(w, s, 'passing').set(line, { tick: s.tick + group * shareTicks, pair })
}

function isPassedBy(from: MemberIndex, objects: readonly Signed[], pair: Pair): boolean {
  return pair.every(
    ({ hash, member }) =>
      from !== member && objects.some((heard) => heard.hash === hash && heard.member === member),
  )
}

function passOn(w: Work, pair: Pair): void {
  emit(w, { kind: 'broadcast', parts: pair.map((signed) => ({ kind: 'object', signed })) })
}

/** Somebody has sent both objects of a pair in one frame: this node need not do it. */
export function notePassed(w: Work, from: MemberIndex, objects: readonly Signed[]): void {
  const { s } = w
  if (s.passing.size === 0 || objects.length < 2) return
  for (const [line, { pair }] of s.passing)
    if (isPassedBy(from, objects, pair)) own(w, s, 'passing').delete(line)
}

/** Passes on what nobody else has by now. */
export function passDue(w: Work): void {
  const { s } = w
  for (const [line, { tick, pair }] of s.passing) {
    if (s.tick < tick) continue
    own(w, s, 'passing').delete(line)
    passOn(w, pair)
  }
}

/** Whether two objects of a member for the key of this one were reported. */
export function isReported(w: Work, signed: Signed): boolean {
  const { object, member } = signed
  if (!('height' in object)) return false
  return w.s.reported.get(object.height)?.has(`${member}/E1/${signOnceKey(object)}`) === true
}

/** What was reported of heights in which nothing can be found any more is forgotten. */
export function forgetReports(w: Work): void {
  const { reported, box, last, older, checkpoints } = w.s
  const oldest = (older ?? last ?? box).height
  for (const height of reported.keys()) {
    if (height < oldest && !checkpoints.has(height)) own(w, w.s, 'reported').delete(height)
  }
}

/** Two objects for one key: both are kept, so that others can be shown them. */
export function equivocate(w: Work, box: HeightBox, first: Signed, second: Signed): void {
  if (!isEquivocation(first, second)) return
  if (accuse(w, { kind: 'E1', first, second }))
    own(w, box, 'seconds').set(`${second.member}/${signOnceKey(second.object)}`, second)
  own(w, box, 'equivocators').add(second.member)
}

/** Holds an object that is not kept, from a certificate or of a malformed vote, against what its signer said elsewhere. */
export function examine(w: Work, box: HeightBox, signed: Signed): void {
  const held = heldFor(box, signed)
  if (held !== undefined) equivocate(w, box, held, signed)
  noteAmnesia(w, box, signed)
}

function heldFor(box: HeightBox, { member, object }: Signed): Signed | undefined {
  switch (object.type) {
    case 'status':
      return box.inputs.get(member)
    case 'share':
      return box.rounds.get(object.round)?.shares.get(member)
    case 'confirm':
      return box.rounds.get(object.round)?.confirms.get(member)
    case 'hello': {
      const held = box.rounds.get(object.round)?.hello ?? undefined
      return held?.member === member ? held : undefined
    }
    case 'checkpoint':
      return box.checkpoints.get(member)
    case 'close':
      return undefined
  }
}

/** A CONFIRM and a later vote of one member against it, in whichever order they arrive. */
export function noteAmnesia(w: Work, box: HeightBox, signed: Signed): void {
  const { member, object } = signed
  if (object.type === 'confirm' && object.value !== NIL) {
    for (const { shares } of box.rounds.values()) {
      const share = shares.get(member)
      if (share === undefined || !isAmnesia(object, share.object)) continue
      accuse(w, { kind: 'E1b', confirm: { ...signed, object }, share })
    }
  }
  if (object.type !== 'share') return
  for (const { confirms } of box.rounds.values()) {
    const confirm = confirms.get(member)
    if (confirm === undefined || !isAmnesia(confirm.object, object)) continue
    accuse(w, { kind: 'E1b', confirm, share: { ...signed, object } })
  }
}

/** A fresh vote or list that is no list, or one with an impossible validRound, counts for nothing; its signature convicts. */
export function noteUnjustified(w: Work, vote: Signed<Share> | Signed<Hello>): void {
  if (isUnjustified(w.s.config.cluster, vote.object)) accuse(w, { kind: 'E3', vote })
}

/** Signed objects that are held of a height, second ones of equivocators included. */
export function* objectsOf(box: HeightBox): Generator<Signed> {
  yield* box.inputs.values()
  yield* box.checkpoints.values()
  yield* box.seconds.values()
  for (const { hello, shares, confirms } of box.rounds.values()) {
    if (hello !== null) yield hello
    yield* shares.values()
    yield* confirms.values()
  }
}
