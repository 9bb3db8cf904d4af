import type { RawPart } from '../codec/frames.ts'
import { keccak } from '../codec/hex.ts'
import { NOTHING } from '../codec/objects.ts'
import { rateLimit } from '../reducers/rate-limit.ts'
import { NIL } from '../types/ids.ts'
import type { ProtocolObject, Share } from '../types/objects.ts'
import type { LiarContext, Mail } from './liar.ts'

/** Hash of no state. */
export const WRONG = keccak(new TextEncoder().encode('a wrong state'))

/** Whether an own object is about a height that is lied about. */
function isLiedAbout(object: ProtocolObject, { isActive }: LiarContext): boolean {
  return !('height' in object) || isActive(object.height)
}

/** Changes the liar's own objects in a frame and signs them anew; null leaves one out, the same one stays. */
export function rewriteOwn(
  mail: Mail,
  context: LiarContext,
  change: (object: ProtocolObject) => ProtocolObject | null,
): Mail {
  const parts = mail.parts.flatMap((part): RawPart[] => {
    if (part.kind !== 'object' || part.signed.member !== context.self) return [part]
    if (!isLiedAbout(part.signed.object, context)) return [part]
    const object = change(part.signed.object)
    if (object === part.signed.object) return [part]
    return object === null ? [] : [{ kind: 'object', signed: context.sign(object) }]
  })
  const isSame = parts.length === mail.parts.length && parts.every((part, i) => part === mail.parts[i])
  return isSame ? mail : { ...mail, parts }
}

/** Own objects of a type in a frame, of heights that are lied about. */
export function ownObjects<T extends ProtocolObject['type']>(
  mail: Mail,
  context: LiarContext,
  type: T,
): Extract<ProtocolObject, { type: T }>[] {
  return mail.parts.flatMap((part) =>
    part.kind === 'object' &&
    part.signed.member === context.self &&
    part.signed.object.type === type &&
    isLiedAbout(part.signed.object, context)
      ? [part.signed.object as Extract<ProtocolObject, { type: T }>]
      : [],
  )
}

/**
 * The split of every equivocation: members of even seats get what the node would say, those of odd seats the other
 * object. It depends on the receiver alone, so whatever is sent again is the same again.
 */
export function isToldOther(mail: Mail): boolean {
  return mail.to % 2 === 1
}

export function nilShare(share: Share): Share {
  return { ...share, parent: NIL, ...NOTHING, validRound: -1 }
}

/** A state that every member accepts as an input. */
export function demandState(demand: number): Uint8Array {
  return rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand: BigInt(demand), share: 0n }] })
}

/** A frame of some parts. */
export function mailTo(to: number, ...parts: readonly RawPart[]): Mail {
  return { to, parts, delayMs: 0 }
}
