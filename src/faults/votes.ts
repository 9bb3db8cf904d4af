import type { RawPart, Unverified } from '../codec/frames.ts'
import { keccak } from '../codec/hex.ts'
import { hashObject, shareValue } from '../codec/objects.ts'
import type { MemberIndex } from '../types/ids.ts'
import { NIL } from '../types/ids.ts'
import type { Confirm, ProtocolObject, Share } from '../types/objects.ts'
import type { Liar, LiarContext, Mail } from './liar.ts'
import { demandState, isToldOther, nilShare, rewriteOwn, WRONG } from './rewrite.ts'

/** E1: a second STATUS, with its state, for members of odd seats. */
export const equivocateStatus: Liar = {
  rewrite: (mail, context) => {
    if (!isToldOther(mail)) return [mail]
    const hidden = new Set<string>()
    const bodies = new Map<string, Uint8Array>()
    const lie = rewriteOwn(mail, context, (object) => {
      if (object.type !== 'status') return object
      const state = [demandState(101), demandState(102)].find((one) => keccak(one) !== object.stateHash)
      if (state === undefined) return object
      hidden.add(object.stateHash)
      bodies.set(keccak(state), state)
      return { ...object, stateHash: keccak(state) }
    })
    if (lie === mail) return [mail]
    const parts = lie.parts.filter((part) => part.kind !== 'body' || !hidden.has(part.hash))
    const told = [...bodies].map(([hash, bytes]) => ({ kind: 'body', hash, bytes }) as RawPart)
    return [{ ...lie, parts: [...parts, ...told] }]
  },
}

/**
 * E1: a second SHARE for members of odd seats, NIL in even rounds and for a state of its own in odd ones. Needs a round in
 * which the node votes for a value.
 */
export const equivocateShare: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'share' || object.inputs === 0n || !isToldOther(mail)) return object
      return object.round % 2 === 0 ? nilShare(object) : { ...object, stateHash: WRONG }
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

/**
 * E1: a second CONFIRM for members of odd seats: NIL instead of a value, an unknown value instead of NIL; in round
 * certificates too.
 */
export const equivocateConfirm: Liar = {
  rewrite: (mail, context) => {
    if (!isToldOther(mail)) return [mail]
    const other = (object: Confirm): Confirm => ({ ...object, value: object.value === NIL ? WRONG : NIL })
    const lie = rewriteOwn(mail, context, (object) => (object.type === 'confirm' ? other(object) : object))
    const swap = (signed: Unverified): Unverified =>
      signed.member === context.self && signed.object.type === 'confirm'
        ? context.sign(other(signed.object))
        : signed
    const isCertified = (part: RawPart): boolean =>
      part.kind === 'roundCertificate' && context.isActive(part.height)
    if (!lie.parts.some(isCertified)) return [lie]
    const parts = lie.parts.map((part) =>
      part.kind === 'roundCertificate' && isCertified(part)
        ? { ...part, confirms: part.confirms.map(swap) }
        : part,
    )
    return [{ ...lie, parts }]
  },
}

/**
 * E4: the right list and a wrong state, the same to everybody, and a CONFIRM of it. Needs a fresh vote for a value. In later
 * rounds of the height it votes NIL: another value would be against its CONFIRM, which is another offence.
 */
export const wrongAggregate: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type === 'confirm') {
        const value = context.memory.get(`${object.height}/${object.round}`) as Confirm['value'] | undefined
        return value === undefined ? object : { ...object, value }
      }
      if (object.type !== 'share' || object.inputs === 0n) return object
      const lied = (context.memory.get(`lied/${object.height}`) as number | undefined) ?? object.round
      if (lied < object.round) return nilShare(object)
      if (object.validRound !== -1) return object
      const lie = { ...object, stateHash: WRONG }
      context.memory.set(`lied/${object.height}`, object.round)
      context.memory.set(`${object.height}/${object.round}`, shareValue(lie))
      return lie
    }),
  ],
}

/**
 * E1: agrees with everybody. It has another STATUS for members of odd seats, keeps its own votes to itself, and signs for each
 * member the SHARE and the CONFIRM that this member has signed. Flatterers of more than a third of the weight fork the others.
 */
export const flatterer: Liar = {
  rewrite: (mail, context) => {
    const votes = context.heard.flatMap(({ from, parts }) =>
      from === mail.to ? parts.flatMap((part) => votesOf(part, from)) : [],
    )
    const height = Math.max(0, ...votes.map((vote) => vote.height))
    const newest = new Map(
      votes
        .filter((vote) => vote.height === height)
        .map((vote) => [hashObject(context.cluster.id, vote), vote]),
    )
    return equivocateStatus.rewrite(mail, context).map((told) => {
      const lie = rewriteOwn(told, context, (object) =>
        object.type === 'share' || object.type === 'confirm' ? null : object,
      )
      if (newest.size === 0 || !context.isActive(height)) return lie
      const echoes = [...newest.values()].map((vote): RawPart => ({
        kind: 'object',
        signed: context.sign(vote),
      }))
      return { ...lie, parts: [...lie.parts, ...echoes] }
    })
  },
}

/** Votes for values that their sender signed itself. */
function votesOf(part: RawPart, from: MemberIndex): (Share | Confirm)[] {
  if (part.kind !== 'object' || part.signed.member !== from) return []
  const { object } = part.signed
  if (object.type === 'share') return object.inputs === 0n ? [] : [object]
  return object.type === 'confirm' && object.value !== NIL ? [object] : []
}

/** E3: a fresh vote for a list of itself alone, or, at even heights, for one that names a stranger. Needs a vote for a value. */
export const unjustifiedVote: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'share' || object.inputs === 0n) return object
      const alone = 1n << BigInt(context.self)
      const stranger = object.inputs | (1n << BigInt(context.cluster.members.length))
      return { ...object, inputs: object.height % 2 === 0 ? stranger : alone, validRound: -1 }
    }),
  ],
}

/**
 * E1b: votes against its own lock. With a CONFIRM of a value it sends a fresh SHARE of another value for the round after,
 * which is what it votes for if that round comes, and in every later one. Needs no situation: it does not wait for the round.
 */
export const amnesia: Liar = {
  rewrite: (mail, context) => {
    for (const part of mail.parts) noteVote(part, context)
    const early: ProtocolObject[] = []
    const lie = rewriteOwn(mail, context, (object) => {
      if (object.type === 'confirm') {
        const turned = object.value === NIL ? null : turnedVote(object, context)
        if (turned !== null) early.push(turned)
      }
      if (object.type !== 'share') return object
      const lock = context.memory.get(`lock/${object.height}`) as Lock | undefined
      return lock === undefined || object.round <= lock.round
        ? object
        : { ...lock.other, round: object.round }
    })
    if (early.length === 0) return [lie]
    const parts = early.map((object): RawPart => ({ kind: 'object', signed: context.sign(object) }))
    // before the CONFIRM: who decides with it takes no more votes of this height
    return [{ ...lie, parts: [...parts, ...lie.parts] }]
  },
}

interface Lock {
  /** Of the first own CONFIRM of a value. */
  readonly round: number
  /** What it votes for ever after, whatever round. */
  readonly other: Share
}

/** Remembers the own newest vote for a value. */
export function noteVote(part: RawPart, { self, memory }: LiarContext): void {
  if (part.kind !== 'object' || part.signed.member !== self || part.signed.object.type !== 'share') return
  const { object } = part.signed
  if (object.inputs !== 0n) memory.set(`vote/${object.height}`, object)
}

/** The newest own vote for a value of a height, if it was noted. */
export function ownVote(height: number, { memory }: LiarContext): Share | undefined {
  return memory.get(`vote/${height}`) as Share | undefined
}

/** A fresh vote of the next round for a value that is not the confirmed one; null if nothing is known to vote for. */
function turnedVote({ height, round }: Confirm, context: LiarContext): Share | null {
  const lock = (context.memory.get(`lock/${height}`) as Lock | undefined) ?? newLock(height, round, context)
  if (lock === null) return null
  context.memory.set(`lock/${height}`, lock)
  return { ...lock.other, round: round + 1 }
}

function newLock(height: number, round: number, context: LiarContext): Lock | null {
  const vote = ownVote(height, context) ?? heardVote(height, context)
  return vote === null ? null : { round, other: { ...vote, stateHash: WRONG, validRound: -1 } }
}

/** The newest vote of somebody else for a value of this height. */
function heardVote(height: number, { heard }: LiarContext): Share | null {
  for (const { parts } of heard.toReversed()) {
    for (const part of parts) {
      if (part.kind !== 'object' || part.signed.object.type !== 'share') continue
      const { object } = part.signed
      if (object.height === height && object.inputs !== 0n) return object
    }
  }
  return null
}

/** Speaks in the names of others, with signatures of its own. */
export const forger: Liar = {
  rewrite: (mail: Mail, context) => {
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
