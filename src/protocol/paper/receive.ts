import { hasStranger } from '../../codec/bitmap.ts'
import type { Part } from '../../types/frames.ts'
import type { Digest, MemberIndex } from '../../types/ids.ts'
import { NIL } from '../../types/ids.ts'
import type { Share, Signed, SignedInput } from '../../types/objects.ts'
import { keepClose } from '../close.ts'
import type { IgnoreCode } from '../io.ts'
import type { EngineConfig } from '../state.ts'
import type { Work } from '../work.ts'
import { emit, hasOpened, own, ownRound } from '../work.ts'
import { answerHello, finalOf } from './frames.ts'
import { announced, boxes, jumpTo } from './heights.ts'

/** Takes in one frame of a member. Objects first: they announce which bodies are wanted. */
export function receive(w: Work, from: MemberIndex, parts: readonly Part[]): void {
  for (const part of parts) {
    if (part.kind !== 'object') continue
    const ignored = receiveObject(w, part.signed)
    if (ignored !== null) ignore(w, from, ignored)
  }
  for (const part of parts) {
    switch (part.kind) {
      case 'body':
        receiveBody(w, from, part.hash, part.bytes)
        break
      case 'ask':
        if (from !== w.s.config.self) answerHello(w, from)
        break
      case 'notes': {
        const final = finalOf(part, from)
        if (final !== null) own(w, w.s, 'finals').set(from, final)
        break
      }
      case 'roundCertificate':
      case 'decided':
      case 'get':
      case 'sync':
      case 'own':
      case 'at':
        ignore(w, from, 'not-in-profile')
        break
      case 'object':
      case 'seen':
        break
    }
  }
}

function ignore(w: Work, from: MemberIndex, code: IgnoreCode): void {
  emit(w, { kind: 'ignored', from, code })
}

/** Puts an object where it belongs. Null if it is new there. */
function receiveObject(w: Work, signed: Signed): IgnoreCode | null {
  const { object } = signed
  switch (object.type) {
    case 'hello':
    case 'confirm':
    case 'checkpoint':
      return 'not-in-profile'
    case 'close':
      return keepClose(w, { ...signed, object })
    case 'share':
      if (object.round !== 0 || object.validRound !== -1) return 'not-in-profile'
      if (!isWellFormed(w.s.config, object)) return 'malformed-vote'
      break
    case 'status':
      break
  }
  return keep(w, object.height, signed)
}

function keep(w: Work, height: number, signed: Signed): IgnoreCode | null {
  const { s } = w
  if (height > s.config.heights) return 'far-ahead'
  // one height ahead is kept until the own one has ended
  const isAhead = height > s.box.height + 1 || (height > s.box.height && !hasOpened(w))
  if (isAhead) jumpTo(w, height)
  const box = boxes(w).find((candidate) => candidate.height === height)
  if (box === undefined) return 'stale'
  if (signed.object.type === 'share')
    return put(own(w, ownRound(w, box, 0), 'shares'), signed as Signed<Share>)
  return put(own(w, box, 'inputs'), signed as SignedInput)
}

/** The first of a member counts. Whoever signs two is not found out: that takes profile `bft`. */
function put<T extends Signed>(held: Map<MemberIndex, T>, signed: T): IgnoreCode | null {
  if (held.has(signed.member)) return 'duplicate'
  held.set(signed.member, signed)
  return null
}

/** NIL with every field zero, or a state made of at least one member's input, and of no stranger's. */
function isWellFormed({ cluster }: EngineConfig, share: Share): boolean {
  if (share.inputs === 0n) {
    return share.stateHash === NIL && share.inputsRoot === NIL && share.eventSeq === 0
  }
  return !hasStranger(share.inputs, cluster.members.length) && share.stateHash !== NIL
}

/** Bodies are kept only if a signed object announced them, so a peer cannot fill memory. */
function receiveBody(w: Work, from: MemberIndex, hash: Digest, bytes: Uint8Array): void {
  const { s } = w
  const { stateBytesMax, inputBytesMax } = s.config
  if (bytes.length > Math.max(stateBytesMax, inputBytesMax)) return ignore(w, from, 'oversized-body')
  if (!boxes(w).some((box) => announced(box).includes(hash))) return ignore(w, from, 'unwanted-body')
  const { profile } = s.config
  if (profile?.kind === 'paper' && profile.isState?.(bytes) === false)
    return ignore(w, from, 'malformed-vote')
  own(w, s, 'bodies').set(hash, bytes)
}
