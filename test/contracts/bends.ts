/** Ways to bend a proof without anybody's key: what was signed stays what was signed, or its signature is broken. */
import { ZeroAddress, concat, dataLength, dataSlice, getBytes, hexlify, toBeHex } from 'ethers'
import { appendLog } from '../../src/codec/log.ts'
import type { ObjectType } from '../../src/types/objects.ts'
import type { Dice } from '../helpers/twin-cases.ts'
import type { Listed } from './accusations.ts'
import { packLog } from './accusations.ts'
import type { Proof, ProofName } from './evidence.ts'
import type { HonestMember, Piece, Transcript } from './transcript.ts'
import type { Actor, Story, TaskParams } from './world.ts'
import { packEvents } from './provable.ts'

/** What a forger has in hand. */
export interface Material {
  /** The task in which it accuses. */
  readonly here: Transcript
  /** Another task in which the same keys have signed. */
  readonly elsewhere: Transcript
  /** Domains of other deployments and chains. */
  readonly domains: readonly Story['domain'][]
  readonly stranger: Actor
  /** Accusations of the task here, as honest members' objects carry them. */
  readonly accusations: readonly Proof[]
}

/** Where the arguments of each call are: fields at these positions, each followed by its signature. */
export const OBJECTS_AT: Readonly<Record<ProofName, readonly number[]>> = {
  equivocation: [3, 5],
  amnesia: [2, 4],
  illegalLog: [2],
  forkedLog: [2, 4],
  unjustifiedVote: [3],
  wrongReduction: [2],
  wrongCheckpoint: [2],
  twoParents: [3, 5],
  refute: [],
}
export const TYPE_AT = 2
export const MEMBER_AT = 1
export const HEAD_AT: Partial<Record<ProofName, number>> = { illegalLog: 4, forkedLog: 6 }
const WORD = 32
const ENTRY = 55
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const EDGES = [0n, 1n, 2n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n].concat(
  [2n ** 64n - 1n, 2n ** 64n, 2n ** 255n, 2n ** 256n - 2n ** 31n, 2n ** 256n - 2n, 2n ** 256n - 1n],
)

export type Bend = (proof: Proof, material: Material, dice: Dice) => Proof | null

export const pick = <T>(list: readonly T[], dice: Dice): T => list[dice.below(list.length)]!
export const change = ({ name, args }: Proof, at: number, value: unknown): Proof => ({
  name,
  args: args.with(at, value),
})
const memberOf = ({ here }: Material, { args }: Proof): HonestMember | undefined =>
  here.members[Number(args[MEMBER_AT])]

export function flipBit(bytes: string, dice: Dice): string {
  const array = getBytes(bytes)
  if (array.length === 0) return '0x01'
  array[dice.below(array.length)]! ^= 1 << dice.below(8)
  return hexlify(array)
}

export function setWord(fields: string, dice: Dice): string {
  const words = dataLength(fields) / WORD
  if (words < 1) return fields
  const at = dice.below(Math.floor(words)) * WORD
  const value = dice.below(3) === 0 ? dice.below(12) : pick(EDGES, dice)
  return concat([dataSlice(fields, 0, at), toBeHex(value, WORD), dataSlice(fields, at + WORD)])
}

function otherLength(bytes: string, dice: Dice): string {
  const longer = [concat([bytes, '0x00']), concat([bytes, toBeHex(0, WORD)]), '0x']
  const length = dataLength(bytes)
  if (length > WORD)
    longer.push(dataSlice(bytes, 1), dataSlice(bytes, WORD), dataSlice(bytes, 0, length - WORD))
  return pick(longer, dice)
}

/** Other encodings of a signature, and what is almost one. */
function reformed(signature: string, dice: Dice): string {
  if (dataLength(signature) !== 65) return '0x'
  const [r, s, v] = [dataSlice(signature, 0, 32), dataSlice(signature, 32, 64), dataSlice(signature, 64)]
  const high = toBeHex((ORDER + ORDER - BigInt(s)) % ORDER, WORD)
  const zero = toBeHex(0, WORD)
  const isOdd = v === '0x1c'
  const otherV = isOdd ? '0x1b' : '0x1c'
  const compact = isOdd ? toBeHex(BigInt(s) | (1n << 255n), WORD) : s // EIP-2098
  const strange = toBeHex(pick([0, 1, 2, 26, 29, 30, 35, 255], dice), 1)
  const forms = [
    [r, high, otherV],
    [r, high, v],
    [r, s, otherV],
    [r, s, strange],
    [r, s, isOdd ? '0x01' : '0x00'],
    [zero, s, v],
    [r, zero, v],
    [zero, zero, v],
    [toBeHex(ORDER, WORD), s, v],
    [r, toBeHex(ORDER, WORD), v],
    [s, r, v],
    [r, s],
    [r, compact],
    [r, s, v, '0x00'],
    [],
  ]
  return concat(pick(forms, dice))
}

const toObject =
  (bend: (fields: string, dice: Dice) => string): Bend =>
  (proof, _, dice) => {
    if (OBJECTS_AT[proof.name].length === 0) return null
    const at = pick(OBJECTS_AT[proof.name], dice)
    return change(proof, at, bend(String(proof.args[at]), dice))
  }

const toSignature =
  (bend: (signature: string, dice: Dice) => string): Bend =>
  (proof, _, dice) => {
    if (OBJECTS_AT[proof.name].length === 0) return null
    const at = pick(OBJECTS_AT[proof.name], dice) + 1
    return change(proof, at, bend(String(proof.args[at]), dice))
  }

/** Another signed object in the place of one, fields and signature. */
const replacedBy =
  (find: (proof: Proof, material: Material, dice: Dice) => Piece | null): Bend =>
  (proof, material, dice) => {
    if (OBJECTS_AT[proof.name].length === 0) return null
    const piece = find(proof, material, dice)
    if (piece === null) return null
    const at = pick(OBJECTS_AT[proof.name], dice)
    return change(change(proof, at, piece.fields), at + 1, piece.signature)
  }

const typesOf: Readonly<Record<ProofName, readonly ObjectType[]>> = {
  equivocation: ['hello', 'status', 'share', 'confirm', 'checkpoint'],
  amnesia: ['confirm', 'share'],
  illegalLog: ['checkpoint'],
  forkedLog: ['checkpoint'],
  unjustifiedVote: ['share', 'hello'],
  wrongReduction: ['share'],
  wrongCheckpoint: ['checkpoint'],
  twoParents: ['status', 'share', 'checkpoint'],
  refute: [],
}

function ofAnotherMember(proof: Proof, { here }: Material, dice: Dice): Piece {
  const wanted = pick(typesOf[proof.name], dice)
  const others = here.members.filter(({ index }) => index !== proof.args[MEMBER_AT])
  const { pieces } = pick(others, dice)
  return pick(
    pieces.some(({ type }) => type === wanted) ? pieces.filter(({ type }) => type === wanted) : pieces,
    dice,
  )
}

/** By the same key in another task: its objects of the type that is asked for, or any. */
function ofAnotherTask(proof: Proof, material: Material, dice: Dice): Piece | null {
  const accused = material.here.story.members[Number(proof.args[MEMBER_AT])]
  const seat = material.elsewhere.story.members.findIndex(
    ({ keyAddress }) => keyAddress === accused?.keyAddress,
  )
  const pieces = material.elsewhere.members[seat]?.pieces ?? []
  const fitting = pieces.filter(({ type }) => typesOf[proof.name].includes(type))
  return fitting.length === 0 ? null : pick(fitting, dice)
}

const ofAnotherType = (proof: Proof, material: Material, dice: Dice): Piece | null => {
  const pieces = memberOf(material, proof)?.pieces ?? []
  return pieces.length === 0 ? null : pick(pieces, dice)
}

function otherHead(proof: Proof, material: Material, dice: Dice): Proof | null {
  const at = HEAD_AT[proof.name]
  if (at === undefined) return null
  const { logs } = pick(material.here.members, dice)
  const heads = [flipBit(String(proof.args[at]), dice), toBeHex(0, 32)]
  if (logs.length > 0) {
    const { start, entries } = pick(logs, dice)
    heads.push(start, entries.slice(0, dice.below(entries.length + 1)).reduce(appendLog, start))
  }
  return change(proof, at, pick(heads, dice))
}

export function otherEntries(proof: Proof, { here }: Material, dice: Dice): Proof | null {
  const at = HEAD_AT[proof.name]
  if (at === undefined) return null
  const packed = String(proof.args[at + 1])
  const count = Math.floor(dataLength(packed) / ENTRY)
  const entries = Array.from({ length: count }, (_, i) => dataSlice(packed, i * ENTRY, (i + 1) * ENTRY))
  const { logs } = pick(here.members, dice)
  const others = logs.length === 0 ? [] : pick(logs, dice).entries
  const swapped =
    entries.length < 2 ? entries : [...entries.slice(1, 2), ...entries.slice(0, 1), ...entries.slice(2)]
  const bent = [
    flipBit(packed, dice),
    concat(entries.slice(1)),
    concat(entries.slice(0, -1)),
    concat(swapped),
    concat([...entries, ...entries.slice(-1)]),
    concat(entries.filter((_, i) => i !== entries.length >> 1)),
    concat([packed, '0x00']),
    '0x',
    ...(others.length === 0 ? [] : [packLog(others.slice(-4)), packLog(others)]),
  ]
  return change(proof, at + 1, pick(bent, dice))
}

/** Where the parameters are; states, CLOSEs and events follow. */
const paramsAt = ({ name }: Proof): number => (name === 'refute' ? 3 : 4)

/** The lists and parameters that come with E4 and with the step of E5. */
function otherBody(proof: Proof, material: Material, dice: Dice): Proof | null {
  if (proof.name !== 'wrongReduction' && proof.name !== 'refute') return null
  const bends = [otherInputs, otherInputs, otherCloses, otherParams, otherEvents]
  const bend = pick([...bends, proof.name === 'refute' ? otherLater : otherConfirmers], dice)
  return bend(proof, material, dice)
}

/** Values above the refuted height: there is nothing that they lead to. */
const otherLater = (proof: Proof, { here }: Material, dice: Dice): Proof =>
  change(proof, 2, Array(1 + dice.below(3)).fill(here.story.root))

function otherInputs(proof: Proof, { here }: Material, dice: Dice): Proof {
  const inputs = proof.args[paramsAt(proof) + 1] as readonly Listed[]
  const member = dice.below(here.members.length)
  const more: Listed = { member, eventSeq: dice.below(3), state: '0x' }
  const bent: (readonly Listed[])[] = [
    [],
    [...inputs, more],
    [more, ...inputs],
    inputs.toReversed(),
    inputs.slice(1),
  ]
  if (inputs.length > 0) {
    const at = dice.below(inputs.length)
    const one = inputs[at]!
    const bodyless: Listed = { ...one, state: '0x' }
    bent.push(
      inputs.with(at, { ...one, state: flipBit(one.state, dice) as Listed['state'] }),
      inputs.with(at, { ...one, eventSeq: pick([0, 1, 2, 3, 2n ** 64n - 1n], dice) }),
      inputs.with(at, { ...one, member: pick([0, 1, member, 31, 255], dice) }),
      inputs.with(at, bodyless),
      [...inputs.slice(0, at), one, ...inputs.slice(at)],
    )
  }
  return change(proof, paramsAt(proof) + 1, pick(bent, dice))
}

function otherCloses(proof: Proof, { here }: Material, dice: Dice): Proof {
  const closes = String(proof.args[paramsAt(proof) + 2])
  const stranger = pick(here.members, dice).pieces[0]!.signature
  const bent = [
    '0x',
    concat([closes, stranger]),
    concat([stranger, closes]),
    dataSlice(closes, 0, 0),
    stranger,
  ]
  return change(proof, paramsAt(proof) + 2, pick([...bent, flipBit(closes, dice)], dice))
}

function otherParams(proof: Proof, { here }: Material, dice: Dice): Proof {
  const { params } = here
  const bent: Partial<TaskParams>[] = [
    { twin: ZeroAddress },
    { reducerParams: flipBit(String(params.reducerParams), dice) },
    { heights: 9n },
    { reducer: flipBit(String(params.reducer), dice) },
  ]
  return change(proof, paramsAt(proof), { ...params, ...pick(bent, dice) })
}

function otherEvents(proof: Proof, { here }: Material, dice: Dice): Proof {
  const [first, second] = here.events
  if (first === undefined || second === undefined) return proof
  const bent = [[], [first], [second], [second, first], [first, second], [first, second, second]]
  const stolen = { originator: ZeroAddress, data: first.data }
  const flipped = { ...first, data: flipBit(first.data, dice) }
  const system = { ...first, kind: 1 }
  const lists = [...bent, [stolen], [flipped], [flipped, second], [system], [system, second]]
  return change(proof, paramsAt(proof) + 3, packEvents(pick(lists, dice)))
}

function otherConfirmers(proof: Proof, _: Material, dice: Dice): Proof {
  const confirmers = proof.args[paramsAt(proof) + 4] as { round: number; members: number; signatures: string }
  const bent = [
    { round: dice.below(5) },
    { members: dice.below(2 ** 31) },
    { signatures: flipBit(confirmers.signatures, dice) },
    { members: 0, signatures: '0x' },
    { signatures: '0x' },
  ]
  return change(proof, paramsAt(proof) + 4, { ...confirmers, ...pick(bent, dice) })
}

function otherSeat(proof: Proof, { here }: Material, dice: Dice): Proof | null {
  if (proof.name === 'refute') return null
  const { length } = here.members
  return change(proof, MEMBER_AT, pick([dice.below(length), dice.below(length), length, 31, 255], dice))
}

const TYPED: ReadonlySet<ProofName> = new Set(['equivocation', 'unjustifiedVote', 'twoParents'])

function otherType(proof: Proof, _: Material, dice: Dice): Proof | null {
  if (!TYPED.has(proof.name)) return null
  return change(proof, TYPE_AT, pick([0, 1, 2, 3, 4, 5, 6, 7, 255], dice))
}

const otherTask: Bend = (proof, { elsewhere }, dice) =>
  change(proof, 0, pick([elsewhere.story.taskId, 0n, 1_000_000n], dice))

/** The two objects in the other order. */
function swapped(proof: Proof): Proof | null {
  const [first, second] = OBJECTS_AT[proof.name]
  if (first === undefined || second === undefined) return null
  const { name, args } = proof
  const moved = args.with(first, args[second]).with(first + 1, args[second + 1])
  return { name, args: moved.with(second, args[first]).with(second + 1, args[first + 1]) }
}

/** By name; the names are what the tally counts. */
export const BENDS: Readonly<Record<string, Bend>> = {
  'a bit of the fields': toObject(flipBit),
  'a field at its edge': toObject(setWord),
  'fields of another length': toObject(otherLength),
  'a bit of the signature': toSignature(flipBit),
  'another form of the signature': toSignature(reformed),
  'another seat': otherSeat,
  'another type': otherType,
  'another task': otherTask,
  'an object of another member': replacedBy(ofAnotherMember),
  'an object of another cluster': replacedBy(ofAnotherTask),
  'an object of another type': replacedBy(ofAnotherType),
  'the other order': swapped,
  'another head': otherHead,
  'other entries': otherEntries,
  'other lists with E4 and E5': otherBody,
}
