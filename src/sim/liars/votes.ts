import type { RawPart } from '../../codec/frames.ts'
import { keccak } from '../../codec/hex.ts'
import { NIL } from '../../types/ids.ts'
import type { Share } from '../../types/objects.ts'
import type { Liar, LiarContext } from './liar.ts'
import { demandState, nilShare, rewriteOwn } from './rewrite.ts'

const WRONG = keccak(new TextEncoder().encode('a wrong state'))

/** Another STATUS, with its state, for every second member; a third one for some. */
export const equivocateStatus: Liar = {
  rewrite: (mail, context) => {
    const face = mail.to % 3
    if (face === 0) return [mail]
    const state = demandState(100 + face)
    const lie = rewriteOwn(mail, context, (object) =>
      object.type === 'status' ? { ...object, stateHash: keccak(state) } : object,
    )
    return lie === mail
      ? [mail]
      : [{ ...lie, parts: [...lie.parts, { kind: 'body', hash: keccak(state), bytes: state }] }]
  },
}

/** By turns for the value, for NIL and for a state of its own. */
export const equivocateShare: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'share') return object
      const face = (mail.to + object.round) % 3
      if (face === 0 || object.inputs === 0) return object
      return face === 1 ? nilShare(object) : { ...object, stateHash: WRONG }
    }),
  ],
}

/** Votes for the value to one member only: a lock whose reason nobody else can see. */
export const shareForOne: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) =>
      object.type === 'share' && mail.to !== (context.self + 1) % context.cluster.members.length
        ? nilShare(object)
        : object,
    ),
  ],
}

/** CONFIRM of a value to some, NIL or another heard value to the others. */
export const equivocateConfirm: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'confirm' || mail.to % 2 === 0) return object
      return { ...object, value: object.value === NIL ? WRONG : NIL }
    }),
  ],
}

/** The same wrong state to everybody, voted for and confirmed. */
export const wrongAggregate: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type === 'share' && object.inputs !== 0) return { ...object, stateHash: WRONG }
      return object.type === 'confirm' ? { ...object, value: WRONG } : object
    }),
  ],
}

/** Votes against its own lock: for whatever fresh value it last heard of, whatever it confirmed before. */
export const amnesiac: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'share' || object.round === 0) return object
      const other = lastShare(context, object)
      return other === null ? object : { ...other, round: object.round, validRound: -1 }
    }),
  ],
}

/** The newest vote of somebody else for a value in this height. */
function lastShare(context: LiarContext, own: Share): Share | null {
  for (const { parts } of context.heard.toReversed()) {
    for (const part of parts) {
      if (part.kind !== 'object' || part.signed.object.type !== 'share') continue
      const { object } = part.signed
      if (object.height === own.height && object.inputs !== 0 && object.stateHash !== own.stateHash)
        return object
    }
  }
  return null
}

/** The history of other values, or another log, by turns. */
export const wrongCheckpoint: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'checkpoint') return object
      const face = (mail.to + object.height) % 3
      if (face === 0) return { ...object, root: WRONG }
      return face === 1 ? { ...object, logHead: WRONG } : { ...object, logSeq: object.logSeq + 1 }
    }),
  ],
}

/** Speaks in the names of others, with signatures of its own. */
export const forger: Liar = {
  rewrite: (mail, context) => {
    const others = context.cluster.members.filter(({ index }) => index !== context.self && index !== mail.to)
    const forged = mail.parts.flatMap((part): RawPart[] => {
      if (part.kind !== 'object' || part.signed.member !== context.self) return []
      const { object } = part.signed
      if (object.type !== 'share' && object.type !== 'confirm' && object.type !== 'status') return []
      return others.map(({ index }) => ({
        kind: 'object',
        signed: { ...context.sign(object), member: index },
      }))
    })
    return [forged.length === 0 ? mail : { ...mail, parts: [...mail.parts, ...forged] }]
  },
}
