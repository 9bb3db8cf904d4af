import type { RawPart, Unverified } from '../../codec/frames.ts'
import { bitmapOf } from '../../codec/bitmap.ts'
import { keccak } from '../../codec/hex.ts'
import { hashObject, inputsRoot } from '../../codec/objects.ts'
import { NIL } from '../../types/ids.ts'
import type { Hello } from '../../types/objects.ts'
import type { Liar, LiarContext, Mail } from './liar.ts'
import { demandState, ownObjects, rewriteOwn } from './rewrite.ts'

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

function isFreshList(mail: Mail, self: number): boolean {
  return ownObjects(mail, self, 'hello').some(({ value }) => value === NIL)
}

/** As convener, another list for every member: each leaves out somebody else. */
export const equivocateHello: Liar = {
  rewrite: (mail, context) => {
    if (!isFreshList(mail, context.self)) return [mail]
    const inputs = listed(mail)
    const members = [...inputs.keys()]
    inputs.delete(members[mail.to % members.length] ?? -1)
    const list = listOf(inputs, context)
    return [
      rewriteOwn(mail, context, (object) => (object.type === 'hello' ? { ...object, ...list } : object)),
    ]
  },
}

/** As convener: strangers, too few, a root of something else, a value nobody voted for. */
export const bogusList: Liar = {
  rewrite: (mail, context) => [
    rewriteOwn(mail, context, (object) => {
      if (object.type !== 'hello') return object
      switch (object.round % 4) {
        case 0:
          return { ...object, inputs: 0x7fff_ffff }
        case 1: {
          const few = new Map([...listed(mail)].slice(0, 2))
          return { ...object, ...listOf(few, context), value: NIL, validRound: -1 }
        }
        case 2:
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
    if (!isFreshList(mail, context.self)) return [mail]
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
