import type { Part, Seen } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Confirm, Signed } from '../types/objects.ts'
import { isReported } from './accuse.ts'
import type { HeightBox } from './state.ts'
import type { Work } from './work.ts'
import { emit, own } from './work.ts'

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

type SeenPart = Extract<Part, { kind: 'seen' }>

function viewOf(w: Work, box: HeightBox, round: number): SeenPart {
  const others = w.s.config.cluster.members.filter(({ index }) => index !== w.s.config.self)
  const seen = others.flatMap(({ index: member }): Seen[] => {
    const held = heldOf(box, member, round)
    const hash = (signed: Signed | null): Digest | null => signed?.hash ?? null
    const { status, hello, share, confirm } = held
    const said = [status, hello, share, confirm].some((signed) => signed !== null)
    return said
      ? [{ member, status: hash(status), hello: hash(hello), share: hash(share), confirm: hash(confirm) }]
      : []
  })
  return { kind: 'seen', height: box.height, seen }
}

/** What of a member is here: STATUS of the height, and the objects of one round. */
function heldOf(
  box: HeightBox,
  member: MemberIndex,
  round: number,
): Readonly<Record<'status' | 'hello' | 'share' | 'confirm', Signed | null>> {
  const input = box.inputs.get(member)
  const ofRound = box.rounds.get(round)
  const hello = ofRound?.hello ?? null
  return {
    status: input?.object.type === 'status' ? input : null,
    hello: hello?.member === member ? hello : null,
    share: ofRound?.shares.get(member) ?? null,
    confirm: ofRound?.confirms.get(member) ?? null,
  }
}

function lastRound(last: HeightBox): number {
  return last.decidedRound ?? 0
}

/**
 * What a member was told, held against what this node was told. A liar that says A to some and B to others is found
 * here: who holds A asks for B, once per object and sender. An answer proves itself; a digest alone proves nothing.
 */
export function receiveSeen(w: Work, from: MemberIndex, confirm: Confirm, { height, seen }: SeenPart): void {
  const { s } = w
  const isRunning = height === confirm.height
  if ((!isRunning && height !== confirm.height - 1) || from === s.config.self) return
  const box = [s.box, s.last, s.next, s.older].find((candidate) => candidate?.height === height)
  if (box === undefined || box === null) return
  const round = isRunning ? confirm.round : lastRound(box)
  const hashes = seen.flatMap(({ member, ...told }) => {
    const held = heldOf(box, member, round)
    return [
      ...conflict(w, box, from, held.status, told.status),
      ...conflict(w, box, from, held.hello, told.hello),
      ...conflict(w, box, from, held.share, told.share),
      ...conflict(w, box, from, held.confirm, told.confirm),
    ]
  })
  if (hashes.length > 0) emit(w, { kind: 'send', to: from, parts: [{ kind: 'get', hashes }] })
}

function conflict(
  w: Work,
  box: HeightBox,
  from: MemberIndex,
  held: Signed | null,
  told: Digest | null,
): Digest[] {
  if (held === null || told === null || told === held.hash) return []
  if (held.member === w.s.config.self || isReported(w, held)) return []
  const line = `${from}/${held.member}/${held.hash}`
  if (box.asked.has(line)) return []
  own(w, box, 'asked').add(line)
  return [told]
}
