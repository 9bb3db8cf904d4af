import type { TimerName } from '../../src/protocol/state.ts'
import type { DecidedHeight, Part } from '../../src/types/frames.ts'
import type { MemberIndex } from '../../src/types/ids.ts'
import { NIL } from '../../src/types/ids.ts'
import type { Confirm, ProtocolObject, Share, Signed } from '../../src/types/objects.ts'
import type { Names } from './names.ts'
import type { ModelValue, World } from './world.ts'
import { CONVENER, MEMBERS, ROUNDS, shareOf } from './world.ts'

export type MessageClass = 'status' | 'hello' | 'share' | 'bundle' | 'confirm' | 'decided'

/** A frame that can reach a node. */
export interface Message {
  readonly kind: 'message'
  readonly label: string
  readonly class: MessageClass
  readonly round: number
  readonly from: MemberIndex
  readonly parts: readonly Part[]
  /** Objects of honest members in it: it exists once they are signed. */
  readonly signed: readonly Signed[]
}

export interface Timer {
  readonly kind: 'timer'
  readonly label: string
  readonly name: TimerName
}

/** The reducer answers, or fails. */
export interface Answer {
  readonly kind: 'answer'
  readonly label: string
  readonly fails: boolean
}

export type Action = Message | Timer | Answer

/** The kinds of SHARE in a round: NIL, fresh and re-proposed values. */
function sharesOf(world: World, round: number): Share[] {
  const fresh = world.values.map((value) => shareOf(round, value, -1))
  const again = round === 0 ? [] : world.values.map((value) => shareOf(round, value, 0))
  return [shareOf(round, null, -1), ...fresh, ...again]
}

function confirmsOf(world: World, round: number): Confirm[] {
  const values = [NIL, ...world.values.map(({ digest }) => digest)]
  return values.map((value) => ({ type: 'confirm', height: 1, round, value }))
}

/** Every frame of the model, honest and lying: who may send it follows from its objects. */
export function makeMenu(world: World, names: Names): Message[] {
  const { honest } = world
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round)
  const message = (
    kind: MessageClass,
    round: number,
    objects: readonly Signed[],
    more: readonly Part[] = [],
  ): Message => {
    const from = objects[0]?.member ?? world.scope.liar
    const signed = objects.filter(({ member }) => honest.includes(member))
    const text = objects.map((object) => `${object.member}:${names.ofObject(object)}`).join('+')
    const parts = [...objects.map((object): Part => ({ kind: 'object', signed: object })), ...more]
    return { kind: 'message', label: `${kind} ${text}`, class: kind, round, from, parts, signed }
  }
  const single = (kind: MessageClass, round: number, objects: readonly ProtocolObject[]): Message[] =>
    MEMBERS.flatMap((member) => objects.map((object) => message(kind, round, [world.sign(member, object)])))
  return [
    ...world.statuses.map((signed) => message('status', 0, [signed], bodyOf(world, signed))),
    ...hellos(world, message),
    ...rounds.flatMap((round) => single('share', round, sharesOf(world, round))),
    ...rounds.flatMap((round) => single('confirm', round, confirmsOf(world, round))),
    ...rounds.flatMap((round) =>
      sharesOf(world, round)
        .filter((share) => share.inputs !== 0n)
        .flatMap((share) => triples().map((who) => who.map((member) => world.sign(member, share))))
        .map((shares) => message('bundle', round, shares)),
    ),
    ...rounds.flatMap((round) => decidedFrames(world, round, message)),
  ]
}

type Make = (kind: MessageClass, round: number, objects: readonly Signed[], more?: readonly Part[]) => Message

function bodyOf(world: World, signed: World['statuses'][number]): Part[] {
  const hash = signed.object.stateHash
  const bytes = world.bodies.get(hash)
  return bytes === undefined ? [] : [{ kind: 'body', hash, bytes }]
}

/** Lists with the objects listed, and re-proposals; their SHARE quorum comes as a bundle. */
function hellos(world: World, message: Make): Message[] {
  if (CONVENER === world.scope.liar && !world.scope.helloLies) return []
  return world.values.flatMap((value) => {
    const { inputs, inputsRoot } = value.content
    const base = { type: 'hello', height: 1, round: 1, inputs, inputsRoot } as const
    const list = world.sign(CONVENER, { ...base, value: NIL, validRound: -1 })
    const listed = value.inputs.map((signed): Part => ({ kind: 'object', signed }))
    const again = world.sign(CONVENER, { ...base, value: value.digest, validRound: 0 })
    return [message('hello', 1, [list], listed), message('hello', 1, [again])]
  })
}

function triples(): MemberIndex[][] {
  return MEMBERS.map((left) => MEMBERS.filter((member) => member !== left))
}

/** A decided height, as those serve it who have decided, and as a liar can from the same signatures. */
function decidedFrames(world: World, round: number, message: Make): Message[] {
  const frame = (value: ModelValue, who: readonly MemberIndex[]): Message => {
    const confirm: Confirm = { type: 'confirm', height: 1, round, value: value.digest }
    const confirms = who.map((member) => world.sign(member, confirm) as Signed<Confirm>)
    const share = world.sign(world.scope.liar, shareOf(round, value, -1)) as Signed<Share>
    const decided: DecidedHeight = { height: 1, confirms, share, inputs: value.inputs }
    return { ...message('decided', round, confirms), parts: [{ kind: 'decided', decided }] }
  }
  return world.values.flatMap((value) => triples().map((who) => frame(value, who)))
}
