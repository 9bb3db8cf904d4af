import { bitmapOf } from '../codec/bitmap.ts'
import type { RawPart, Unverified } from '../codec/frames.ts'
import { keccak } from '../codec/hex.ts'
import { hashObject, inputsRoot } from '../codec/objects.ts'
import { seededOrder } from '../codec/roots.ts'
import { NIL } from '../types/ids.ts'
import type { Hello } from '../types/objects.ts'
import type { Liar, LiarContext, Mail } from './liar.ts'
import { demandState, isToldOther, ownObjects, rewriteOwn, WRONG } from './rewrite.ts'

/** STATUS objects that travel with a list, by member. */
function listed(mail: Mail): Map<number, Unverified> {
  const found = new Map<number, Unverified>()
  for (const part of mail.parts) {
    if (part.kind === 'object' && part.signed.object.type === 'status')
      found.set(part.signed.member, part.signed)
  }
  return found
}

/** A list over some of these inputs. */
function listOf(
  inputs: ReadonlyMap<number, Unverified>,
  context: LiarContext,
): Pick<Hello, 'inputs' | 'inputsRoot'> {
  const members = [...inputs.keys()].sort((a, b) => a - b)
  const hashes = members.flatMap((member) => {
    const signed = inputs.get(member)
    return signed === undefined ? [] : [hashObject(context.cluster.id, signed.object)]
  })
  const bitmap = bitmapOf(members)
  return { inputs: bitmap, inputsRoot: inputsRoot(bitmap, hashes) }
}

/**
 * The list of round 1, if this member convenes it and the frame holds its vote of round 0: a lie about it need not wait
 * until the height comes to that round. The same object again if it does.
 */
function earlyHello(mail: Mail, context: LiarContext): Hello[] {
  const order = seededOrder(context.cluster)
  return ownObjects(mail, context, 'share').flatMap(({ height, round, inputs, inputsRoot }): Hello[] => {
    if (round !== 0 || inputs === 0n || order[(height + 1) % order.length] !== context.self) return []
    const hello: Hello = { type: 'hello', height, round: 1, value: NIL, inputsRoot, inputs, validRound: -1 }
    context.memory.set(`hello/${height}/1`, hello)
    return [hello]
  })
}

/** The frame with every own list told otherwise, and with the one of round 1 ahead of time. */
function tellLists(mail: Mail, context: LiarContext, tell: (hello: Hello) => Hello): Mail {
  const early = earlyHello(mail, context)
  const lie = rewriteOwn(mail, context, (object) => {
    if (object.type !== 'hello') return object
    const told = context.memory.get(`hello/${object.height}/${object.round}`) as Hello | undefined
    return tell(told ?? object)
  })
  if (early.length === 0) return lie
  const parts = early.map((hello): RawPart => ({ kind: 'object', signed: context.sign(tell(hello)) }))
  return { ...lie, parts: [...lie.parts, ...parts] }
}

/**
 * E1: a second list for members of odd seats, with another root. Needs a round that this member convenes; round 1 it does
 * not wait for.
 */
export const equivocateHello: Liar = {
  rewrite: (mail, context) => [
    tellLists(mail, context, (hello) => (isToldOther(mail) ? { ...hello, inputsRoot: WRONG } : hello)),
  ],
}

/**
 * E3: a fresh list of itself alone, or, in even rounds, one that names a stranger. The same to everybody. Needs a round
 * that this member convenes; round 1 it does not wait for.
 */
export const bogusList: Liar = {
  rewrite: (mail, context) => [
    tellLists(mail, context, (hello) => {
      const alone = 1n << BigInt(context.self)
      const stranger = hello.inputs | (1n << BigInt(context.cluster.members.length))
      return { ...hello, value: NIL, inputs: hello.round % 2 === 0 ? stranger : alone, validRound: -1 }
    }),
  ],
}

/** As convener: another list for every member, a root of something else, or a value nobody voted for, by turns. */
export const baselessHello: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'hello') return object
      switch (object.round % 3) {
        case 0: {
          const inputs = listed(mail)
          const members = [...inputs.keys()]
          inputs.delete(members[mail.to % members.length] ?? -1)
          return { ...object, ...listOf(inputs, context), value: NIL, validRound: -1 }
        }
        case 1:
          return { ...object, inputsRoot: keccak(demandState(1)) }
        default:
          return { ...object, value: keccak(demandState(2)), validRound: object.round - 1 }
      }
    }),
  ],
}

/** As convener, lists a STATUS of its own that nobody has heard before. */
export const pinnedInput: Liar = {
  rewrite: (mail, context) => {
    if (!ownObjects(mail, context, 'hello').some(({ value }) => value === NIL)) return [mail]
    const inputs = listed(mail)
    const own = inputs.get(context.self)
    if (own?.object.type !== 'status') return [mail]
    const state = demandState(77)
    const status = context.sign({ ...own.object, stateHash: keccak(state) })
    inputs.set(context.self, status)
    const list = listOf(inputs, context)
    const lie = rewriteOwn(mail, context, (object) => {
      if (object.type === 'hello') return { ...object, ...list }
      return object.type === 'status' ? status.object : object
    })
    const body: RawPart = { kind: 'body', hash: keccak(state), bytes: state }
    return [{ ...lie, parts: [...lie.parts, body] }]
  },
}
