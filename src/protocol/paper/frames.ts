import { decodeNotes, encodeNote } from '../../codec/notes.ts'
import type { Part } from '../../types/frames.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { EngineState, HeightBox } from '../state.ts'
import type { Work } from '../work.ts'
import { emit, own } from '../work.ts'

/** HELLOs of a member that are answered within `shareTicks`. */
const ANSWERS_MAX = 4

/** The frame that opens a height: HELLO flag, STATUS with its state, and which ŝ* this node holds (its last t6). */
export function helloParts(w: Work): Part[] {
  const { s } = w
  return [{ kind: 'ask', height: s.box.height }, ...statusParts(w, s.box), ...finalPart(s)]
}

export function statusParts(w: Work, box: HeightBox): Part[] {
  const own = box.inputs.get(w.s.config.self)
  if (own?.object.type !== 'status') return []
  return [{ kind: 'object', signed: own }, ...bodyPart(w, own.object.stateHash)]
}

/** The SHARE, which carries the state s*. */
export function shareParts(w: Work, box: HeightBox): Part[] {
  const own = box.rounds.get(0)?.shares.get(w.s.config.self)
  return own === undefined ? [] : [{ kind: 'object', signed: own }, ...bodyPart(w, own.object.stateHash)]
}

function bodyPart(w: Work, hash: Digest): Part[] {
  const bytes = w.s.bodies.get(hash)
  return bytes === undefined ? [] : [{ kind: 'body', hash, bytes }]
}

/** The finalised state, as the entry by which the log would have it. */
function finalPart({ chain, config }: EngineState): Part[] {
  if (chain.value === NIL) return []
  const { height, value } = chain
  const entries = [{ event: 't6', height, round: 0, value } as const]
  const note = encodeNote({ member: config.self, entries }, knownAt(height))
  return [{ kind: 'notes', firstHeight: height, note }]
}

/** The finalised state that a member says it holds, or null if the note says nothing of that kind. */
export function finalOf(part: Extract<Part, { kind: 'notes' }>, from: MemberIndex): Digest | null {
  const [note, ...more] = decodeNotes(part.note, knownAt(part.firstHeight)) ?? []
  const [entry, ...others] = note?.entries ?? []
  if (note?.member !== from || entry?.event !== 't6' || more.length + others.length > 0) return null
  return entry.value
}

function knownAt(first: number): { first: number; valueOf: () => Digest } {
  return { first, valueOf: () => NIL }
}

/**
 * The answer to a HELLO: own STATUS, and SHARE if it was cast, of the latest height in which this node takes or took
 * part. A read in every status, under a quota.
 */
export function answerHello(w: Work, to: MemberIndex): void {
  const { s } = w
  const { self, shareTicks } = s.config
  const window = s.answered.get(to)
  const { since, count } =
    window === undefined || s.tick - window.since >= shareTicks ? { since: s.tick, count: 0 } : window
  const box = s.box.inputs.has(self) ? s.box : s.last
  if (count >= ANSWERS_MAX || box?.inputs.has(self) !== true) return
  own(w, s, 'answered').set(to, { since, count: count + 1 })
  emit(w, { kind: 'send', to, parts: [...statusParts(w, box), ...shareParts(w, box), ...finalPart(s)] })
}
