import type { Part, Seen, SeenKind } from '../types/frames.ts'
import { GET_MAX, SEEN_KINDS } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Checkpoint, Confirm, Signed } from '../types/objects.ts'
import { isReported } from './accuse.ts'
import { FEW } from './few.ts'
import type { HeightBox } from './state.ts'
import type { Work } from './work.ts'
import { boxOf, emit, own } from './work.ts'

/**
 * An own CONFIRM, and beside it what the others said to this node: in its round so far, and in the round that decided
 * the height before, of which late objects are here by now.
 */
export function confirmParts(w: Work, signed: Signed<Confirm>): Part[] {
  const { box, last } = w.s
  const views = [
    viewOf(w, box, signed.object.round),
    ...(last === null ? [] : [viewOf(w, last, lastRound(last))]),
  ]
  return [{ kind: 'object', signed }, ...views.filter(({ seen }) => seen.length > 0)]
}

/** Behind an own CHECKPOINT: what the others said of its height, in the round that decided it. The last word of a task. */
export function checkpointViews(w: Work, height: number): Part[] {
  const { last } = w.s
  if (last?.height !== height) return []
  const view = viewOf(w, last, lastRound(last))
  return view.seen.length > 0 ? [view] : []
}

type SeenPart = Extract<Part, { kind: 'seen' }>

function viewOf(w: Work, box: HeightBox, round: number): SeenPart {
  const others = w.s.config.cluster.members.filter(({ index }) => index !== w.s.config.self)
  const seen = others.flatMap(({ index: member }): Seen[] => {
    const held = heldOf(box, member, round)
    const hash = (signed: Signed | null): Digest | null => signed?.hash ?? null
    const said = Object.values(held).some((signed) => signed !== null)
    if (!said) return []
    const { status, hello, share, confirm, checkpoint } = held
    return [
      {
        member,
        status: hash(status),
        hello: hash(hello),
        share: hash(share),
        confirm: hash(confirm),
        checkpoint: hash(checkpoint),
      },
    ]
  })
  return { kind: 'seen', height: box.height, seen }
}

/** What of a member is here: STATUS and CHECKPOINT of the height, the objects of one round, and the HELLO of the next. */
function heldOf(
  box: HeightBox,
  member: MemberIndex,
  round: number,
): Readonly<Record<SeenKind, Signed | null>> {
  const input = box.inputs.get(member)
  const ofRound = box.rounds.get(round)
  const [now, next] = [ofRound?.hello, box.rounds.get(round + 1)?.hello]
  return {
    status: input?.object.type === 'status' ? input : null,
    hello: now?.member === member ? now : next?.member === member ? next : null,
    share: ofRound?.shares.get(member) ?? null,
    confirm: ofRound?.confirms.get(member) ?? null,
    checkpoint: box.checkpoints.get(member) ?? null,
  }
}

function lastRound(last: HeightBox): number {
  return last.decidedRound ?? 0
}

/**
 * What a member was told, held against what this node was told. A liar that says A to some and B to others is found
 * here: who holds A asks for B, once per object and sender, and a few senders at a time. An answer proves itself; a digest alone proves nothing.
 */
export function receiveSeen(
  w: Work,
  from: MemberIndex,
  behind: Confirm | Checkpoint,
  { height, seen }: SeenPart,
): void {
  const { s } = w
  const isRunning = behind.type === 'confirm' && height === behind.height
  const isDecided = height === (behind.type === 'confirm' ? behind.height - 1 : behind.height)
  if ((!isRunning && !isDecided) || from === s.config.self) return
  const box = boxOf(w, height)
  if (box === null) return
  const round = isRunning ? behind.round : lastRound(box)
  const hashes: Digest[] = []
  for (const told of seen) {
    if (agrees(box, told, round)) continue
    const held = heldOf(box, told.member, round)
    for (const kind of SEEN_KINDS) {
      // what does not fit is asked for when the view comes again
      if (hashes.length === GET_MAX) break
      if (isConflict(w, box, from, held[kind], told[kind])) hashes.push(told[kind])
    }
  }
  if (hashes.length > 0) emit(w, { kind: 'send', to: from, parts: [{ kind: 'get', hashes }] })
}

/** Whether nothing that was told of a member differs from what is held: almost always so, and n² times per height. */
function agrees(box: HeightBox, told: Seen, round: number): boolean {
  const { member, status, hello, share, confirm, checkpoint } = told
  const same = (digest: Digest | null, held: Signed | undefined): boolean =>
    digest === null || held === undefined || digest === held.hash
  if (hello !== null || !same(status, box.inputs.get(member))) return false
  if (!same(checkpoint, box.checkpoints.get(member))) return false
  const ofRound = box.rounds.get(round)
  return same(share, ofRound?.shares.get(member)) && same(confirm, ofRound?.confirms.get(member))
}

function isConflict(
  w: Work,
  box: HeightBox,
  from: MemberIndex,
  held: Signed | null,
  told: Digest | null,
): told is Digest {
  if (held === null || told === null || told === held.hash) return false
  if (held.member === w.s.config.self || isReported(w, held)) return false
  const line = `${from}/${held.member}/${held.hash}`
  if (box.asked.has(line) || !isWithin(w, box, `${held.member}/${told}`)) return false
  own(w, box, 'asked').add(line)
  return true
}

/** Whether few enough members were asked for the same object within `shareTicks`: most of a cluster may have been told it. */
function isWithin(w: Work, box: HeightBox, object: string): boolean {
  const { tick, config } = w.s
  const known = box.asking.get(object)
  const { since, times } =
    known === undefined || tick - known.since >= config.shareTicks ? { since: tick, times: 0 } : known
  if (times >= FEW) return false
  own(w, box, 'asking').set(object, { since, times: times + 1 })
  return true
}
