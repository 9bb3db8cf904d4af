import type { Part, Seen } from '../types/frames.ts'
import type { Digest, MemberIndex } from '../types/ids.ts'
import type { Confirm, Signed } from '../types/objects.ts'
import { isReported } from './accuse.ts'
import type { HeightBox } from './state.ts'
import type { Work } from './work.ts'
import { emit, own } from './work.ts'

/** An own CONFIRM, and beside it what the others said to this node up to its round: STATUS, and SHARE of that round. */
export function confirmParts(w: Work, signed: Signed<Confirm>): Part[] {
  const { s } = w
  const { height, round } = signed.object
  const shares = s.box.rounds.get(round)?.shares
  const seen = s.config.cluster.members.flatMap(({ index: member }): Seen[] => {
    const input = s.box.inputs.get(member)
    const status = input?.object.type === 'status' ? input.hash : null
    const share = shares?.get(member)?.hash ?? null
    return member === s.config.self || (status === null && share === null) ? [] : [{ member, status, share }]
  })
  const part: Part = { kind: 'object', signed }
  return seen.length === 0 ? [part] : [part, { kind: 'seen', height, seen }]
}

/**
 * What a member was told, held against what this node was told. A liar that says A to some and B to others is found
 * here: who holds A asks for B, once per object and sender. An answer proves itself; a digest alone proves nothing.
 */
export function receiveSeen(
  w: Work,
  from: MemberIndex,
  confirm: Confirm,
  { height, seen }: Extract<Part, { kind: 'seen' }>,
): void {
  const { s } = w
  if (height !== confirm.height || from === s.config.self) return
  const box = [s.box, s.last, s.next].find((candidate) => candidate?.height === height)
  if (box === undefined || box === null) return
  const hashes = seen.flatMap(({ member, status, share }) => [
    ...conflict(w, box, from, box.inputs.get(member), status),
    ...conflict(w, box, from, box.rounds.get(confirm.round)?.shares.get(member), share),
  ])
  if (hashes.length > 0) emit(w, { kind: 'send', to: from, parts: [{ kind: 'get', hashes }] })
}

function conflict(
  w: Work,
  box: HeightBox,
  from: MemberIndex,
  held: Signed | undefined,
  told: Digest | null,
): Digest[] {
  if (held === undefined || told === null || told === held.hash) return []
  if (held.member === w.s.config.self || isReported(w, held)) return []
  const line = `${from}/${held.member}/${held.hash}`
  if (box.asked.has(line)) return []
  own(w, box, 'asked').add(line)
  return [told]
}
