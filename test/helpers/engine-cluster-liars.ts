import { NOTHING } from '../../src/codec/objects.ts'
import { bitmapOf } from '../../src/codec/bitmap.ts'
import { keccak } from '../../src/codec/hex.ts'
import { inputsRoot } from '../../src/codec/objects.ts'
import type { Part } from '../../src/types/frames.ts'
import type { Bitmap, MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Hello, ProtocolObject, Share, SignedInput } from '../../src/types/objects.ts'
import type { Delivery, EngineCluster, Liar } from './engine-cluster.ts'
import { signAs } from './engine-cluster.ts'

/** Rewrites the liar's own signed objects in a frame; null drops the object. */
function rewriting(
  change: (object: ProtocolObject, delivery: Delivery, world: EngineCluster) => ProtocolObject | null,
): Liar {
  return (delivery, world) => [
    {
      ...delivery,
      parts: delivery.parts.flatMap((part): Part[] => {
        if (part.kind !== 'object' || part.signed.member !== delivery.from) return [part]
        const object = change(part.signed.object, delivery, world)
        if (object === null) return []
        return [{ kind: 'object', signed: signAs(world.cluster, delivery.from, object) }]
      }),
    },
  ]
}

const nilShare = (share: Share): Share => ({
  ...share,
  parent: NIL,
  ...NOTHING,
  validRound: -1,
})

/** Another state for every peer, body included. */
const twoFacedStatus: Liar = (delivery, world) => {
  const state = Uint8Array.of(200 + (delivery.to % 2), 200)
  const [lie] = rewriting((object) =>
    object.type === 'status' ? { ...object, stateHash: keccak(state) } : object,
  )(delivery, world)
  const hasStatus = delivery.parts.some(
    (part) => part.kind === 'object' && part.signed.object.type === 'status',
  )
  if (lie === undefined || !hasStatus) return lie === undefined ? [] : [lie]
  return [{ ...lie, parts: [...lie.parts, { kind: 'body', hash: keccak(state), bytes: state }] }]
}

/** Votes for the value to one peer only, NIL to the others: a lock that nobody else can see the reason of. */
const shareForOne = rewriting((object, delivery) =>
  object.type === 'share' && delivery.to !== (delivery.from + 1) % 4 ? nilShare(object) : object,
)

/** Votes by turns for the value, for NIL and for a state of its own. */
const twoFacedShare = rewriting((object, delivery) => {
  if (object.type !== 'share') return object
  const face = (delivery.to + object.round) % 3
  if (face === 0) return object
  return face === 1 || object.inputs === 0n ? nilShare(object) : { ...object, stateHash: keccak('0xbad0') }
})

/** The same value under a list that is not the one in its inputsRoot. */
const wrongBitmap = rewriting((object, _, world) =>
  object.type === 'share' && object.inputs !== 0n
    ? { ...object, inputs: otherQuorum(object.inputs, world) }
    : object,
)

function otherQuorum(inputs: Bitmap, world: EngineCluster): Bitmap {
  const all = bitmapOf(world.cluster.members.map((member) => member.index))
  return inputs === all ? inputs & ~1n : all
}

/** CONFIRM of the value to one half, NIL to the other. */
const twoFacedConfirm = rewriting((object, delivery) =>
  object.type === 'confirm' && delivery.to % 2 === 0 ? { ...object, value: NIL } : object,
)

/** Speaks to a half of the members only. */
const selective: Liar = (delivery) => (delivery.to % 2 === 0 ? [] : [delivery])

/** Takes part, but convenes nothing. */
const silentConvener = rewriting((object) => (object.type === 'hello' ? null : object))

/** Confirms whatever it likes, first of all. */
const wildConfirm = rewriting((object) =>
  object.type === 'confirm' ? { ...object, value: keccak('0xdead') } : object,
)

/** Lists whose root covers fewer inputs than their bitmap names, or that differ by peer. */
const bogusLists: Liar = (delivery, world) =>
  rewriting((object) => {
    if (object.type !== 'hello') return object
    if (object.value !== NIL) return { ...object, value: keccak('0xfa15ee') }
    return delivery.to % 2 === 0 ? partialList(object, delivery.from, world) : { ...object, inputsRoot: NIL }
  })(delivery, world).map((lie) => ({ ...lie, parts: lie.parts.filter((part) => !isListed(part, lie.from)) }))

function partialList(hello: Hello, self: MemberIndex, world: EngineCluster): Hello {
  const own = world.engine(self).box.inputs.get(self)
  return { ...hello, inputsRoot: inputsRoot(hello.inputs, own === undefined ? [] : [own.hash]) }
}

/** Whether a part is a STATUS of somebody else that travels with a list. */
function isListed(part: Part, self: MemberIndex): boolean {
  return part.kind === 'object' && part.signed.object.type === 'status' && part.signed.member !== self
}

/** Swaps its own entry in the lists it sends: the list pins an input that nobody heard. */
const pinnedInput: Liar = (delivery, world) => {
  const state = Uint8Array.of(222, 222)
  const hello = delivery.parts.find(
    (part) =>
      part.kind === 'object' && part.signed.object.type === 'hello' && part.signed.object.value === NIL,
  )
  const list = world.engine(delivery.from)
  if (hello?.kind !== 'object' || hello.signed.object.type !== 'hello') return [delivery]
  const { object } = hello.signed
  const swapped = delivery.parts.map((part): Part => {
    if (part.kind !== 'object' || part.signed.member !== delivery.from) return part
    if (part.signed.object.type !== 'status') return part
    const status = { ...part.signed.object, stateHash: keccak(state) }
    return { kind: 'object', signed: signAs(world.cluster, list.config.self, status) }
  })
  const listed = swapped.flatMap((part) =>
    part.kind === 'object' && part.signed.object.type === 'status' ? [part.signed as SignedInput] : [],
  )
  const unique = [...new Map(listed.map((input) => [input.member, input])).values()]
  const members = unique.toSorted((a, b) => a.member - b.member)
  const inputs = bitmapOf(members.map((input) => input.member))
  const root = inputsRoot(
    inputs,
    members.map((input) => input.hash),
  )
  const lie = signAs(world.cluster, delivery.from, { ...object, inputs, inputsRoot: root })
  const parts = swapped.map((part): Part =>
    part.kind === 'object' && part.signed.object.type === 'hello' ? { kind: 'object', signed: lie } : part,
  )
  return [{ ...delivery, parts: [...parts, { kind: 'body', hash: keccak(state), bytes: state }] }]
}

/** Another of these at every turn. */
const chaos: Liar = (delivery, world) => {
  const all = [
    twoFacedStatus,
    shareForOne,
    twoFacedShare,
    wrongBitmap,
    twoFacedConfirm,
    selective,
    pinnedInput,
  ]
  return all[(world.now + 3 * delivery.to) % all.length]?.(delivery, world) ?? [delivery]
}

/** Strategies of liars, by name: what a member may send without anybody else's key. */
export const LIARS = {
  twoFacedStatus,
  shareForOne,
  twoFacedShare,
  wrongBitmap,
  twoFacedConfirm,
  selective,
  silentConvener,
  wildConfirm,
  bogusLists,
  pinnedInput,
  chaos,
} as const satisfies Record<string, Liar>

export type LiarName = keyof typeof LIARS
