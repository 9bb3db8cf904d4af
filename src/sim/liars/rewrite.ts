import type { RawPart } from '../../codec/frames.ts'
import type { ProtocolObject, Share } from '../../types/objects.ts'
import { NIL } from '../../types/ids.ts'
import { rateLimit } from '../../reducers/rate-limit.ts'
import type { LiarContext, Mail } from './liar.ts'

/** Changes the liar's own objects in a frame and signs them anew; null leaves one out, the same one stays. */
export function rewriteOwn(
  mail: Mail,
  context: LiarContext,
  change: (object: ProtocolObject) => ProtocolObject | null,
): Mail {
  const parts = mail.parts.flatMap((part): RawPart[] => {
    if (part.kind !== 'object' || part.signed.member !== context.self) return [part]
    const object = change(part.signed.object)
    if (object === part.signed.object) return [part]
    return object === null ? [] : [{ kind: 'object', signed: context.sign(object) }]
  })
  const isSame = parts.length === mail.parts.length && parts.every((part, i) => part === mail.parts[i])
  return isSame ? mail : { ...mail, parts }
}

/** Own objects of a type in a frame. */
export function ownObjects<T extends ProtocolObject['type']>(
  mail: Mail,
  self: number,
  type: T,
): Extract<ProtocolObject, { type: T }>[] {
  return mail.parts.flatMap((part) =>
    part.kind === 'object' && part.signed.member === self && part.signed.object.type === type
      ? [part.signed.object as Extract<ProtocolObject, { type: T }>]
      : [],
  )
}

export function nilShare(share: Share): Share {
  return { ...share, stateHash: NIL, inputsRoot: NIL, inputs: 0, eventSeq: 0, validRound: -1 }
}

/** A state that every member accepts as an input. */
export function demandState(demand: number): Uint8Array {
  return rateLimit.state.encode({ budget: 0n, rows: [{ member: 0, demand: BigInt(demand), share: 0n }] })
}

/** A frame with one part. */
export function mailTo(to: number, ...parts: readonly RawPart[]): Mail {
  return { to, parts, delayMs: 0 }
}
