import type { BaseContract, ContractTransactionResponse, Signer, SigningKey } from 'ethers'
import { AbiCoder, Signature, TypedDataEncoder, ZeroHash, concat, id, keccak256, toBeHex } from 'ethers'
import type { Story, World } from './world.ts'

const coder = AbiCoder.defaultAbiCoder()
const field = (name: string, type: string) => ({ name, type })
const HEIGHT = field('height', 'uint64')
const ROUND = field('round', 'uint32')

/** Fields after `cluster`, in order. */
export const TYPES = {
  Hello: [HEIGHT, ROUND, field('value', 'bytes32'), field('inputsRoot', 'bytes32')].concat([
    field('inputs', 'uint256'),
    field('validRound', 'int32'),
  ]),
  Status: [HEIGHT, field('parent', 'bytes32'), field('stateHash', 'bytes32'), field('eventSeq', 'uint64')],
  Share: [HEIGHT, ROUND, field('parent', 'bytes32'), field('stateHash', 'bytes32')].concat([
    field('inputsRoot', 'bytes32'),
    field('inputs', 'uint256'),
    field('eventSeq', 'uint64'),
    field('eventsHash', 'bytes32'),
    field('validRound', 'int32'),
  ]),
  Confirm: [HEIGHT, ROUND, field('value', 'bytes32')],
  Checkpoint: [
    HEIGHT,
    field('root', 'bytes32'),
    field('logSeq', 'uint64'),
    field('logHead', 'bytes32'),
    field('inputsHash', 'bytes32'),
  ],
} as const
export type TypeName = keyof typeof TYPES
/** The numbers by which evidence names the types. */
export const OBJECT = { Hello: 1, Status: 2, Share: 3, Confirm: 4, Checkpoint: 5 } as const

export type Values = Readonly<Record<string, bigint | number | string>>

/** Root of the height before. */
export const PARENT = id('parent')

/** A well-formed object of each type. */
export const PLAIN: Readonly<Record<TypeName, Values>> = {
  Hello: { height: 3, round: 1, value: ZeroHash, inputsRoot: id('list'), inputs: 0b11111n, validRound: -1 },
  Status: { height: 3, parent: PARENT, stateHash: id('state'), eventSeq: 0 },
  Share: {
    height: 3,
    round: 1,
    parent: PARENT,
    stateHash: id('result'),
    inputsRoot: id('list'),
    inputs: 0b11111n,
    eventSeq: 0,
    eventsHash: ZeroHash,
    validRound: -1,
  },
  Confirm: { height: 3, round: 0, value: id('value') },
  Checkpoint: { height: 3, root: id('root'), logSeq: 12, logHead: id('head'), inputsHash: id('inputs') },
}

/** A vote without a list. */
export const NIL_SHARE = {
  ...{ parent: ZeroHash, stateHash: ZeroHash, inputsRoot: ZeroHash, inputs: 0n },
  ...{ eventSeq: 0, eventsHash: ZeroHash, validRound: -1 },
}

export const encode = (type: TypeName, values: Values): string =>
  coder.encode(
    TYPES[type].map((f) => f.type),
    TYPES[type].map((f) => values[f.name]),
  )

export interface Brought {
  readonly fields: string
  readonly signature: string
  readonly hash: string
}

/** How a signature is spoilt. */
export interface Spoilt {
  readonly key?: SigningKey
  readonly domain?: Readonly<Record<string, unknown>>
  readonly cluster?: string
  readonly after?: (signature: string) => string
}

/** An object as a member signed it, by default its plain one with changes. */
export function bring(
  story: Story,
  member: number,
  type: TypeName,
  changes: Values = {},
  spoilt: Spoilt = {},
): Brought {
  const values = { ...PLAIN[type], ...changes }
  const types = { [type]: [field('cluster', 'bytes32'), ...TYPES[type]] }
  const message = { cluster: spoilt.cluster ?? story.cluster, ...values }
  const key = spoilt.key ?? story.members[member]!.key
  const { serialized } = key.sign(
    TypedDataEncoder.hash({ ...story.domain, ...spoilt.domain }, types, message),
  )
  return {
    fields: encode(type, values),
    signature: (spoilt.after ?? String)(serialized),
    hash: TypedDataEncoder.hashStruct(type, types, message),
  }
}

/** Root after one more value. */
export const after = (root: string, value: string): string => keccak256(concat([root, value]))

export const valueOf = (values: Values): string =>
  keccak256(
    concat([
      String(values['stateHash']),
      String(values['inputsRoot']),
      toBeHex(values['inputs']!, 32),
      toBeHex(values['eventSeq']!, 8),
      String(values['eventsHash']),
    ]),
  )

export interface Entry {
  readonly seq: number
  readonly from: number
  readonly event: number
  readonly to: number
  readonly height: number
  readonly round: number
}

export const packEntries = (entries: readonly Entry[]): string =>
  concat(
    entries.map((e) =>
      concat([
        toBeHex(e.seq, 8),
        toBeHex(e.from, 1),
        toBeHex(e.event, 1),
        toBeHex(e.to, 1),
        toBeHex(e.height, 8),
        toBeHex(e.round, 4),
        id('value'),
      ]),
    ),
  )

export const foldEntries = (head: string, entries: readonly Entry[]): string =>
  entries.reduce((last, entry) => keccak256(concat([last, packEntries([entry])])), head)

/** t3 t2 t4 t6 of one round. */
export const roundOf = (seq: number, height: number, round: number): Entry[] => [
  { seq, from: 2, event: 3, to: 1, height, round },
  { seq: seq + 1, from: 1, event: 2, to: 2, height, round },
  { seq: seq + 2, from: 2, event: 4, to: 3, height, round },
  { seq: seq + 3, from: 3, event: 6, to: 2, height, round },
]

export const PROOFS = [
  'equivocation',
  'amnesia',
  'illegalLog',
  'forkedLog',
  'unjustifiedVote',
  'wrongReduction',
  'wrongCheckpoint',
  'twoParents',
  'refute',
] as const
export type ProofName = (typeof PROOFS)[number]

/** A call of the slasher. */
export interface Proof {
  readonly name: ProofName
  readonly args: readonly unknown[]
}

/** A call that comes before a proof. */
export interface Step {
  readonly name: 'refute'
  readonly args: readonly unknown[]
}

export const report = (
  w: World,
  by: Signer,
  { name, args }: Proof | Step,
): Promise<ContractTransactionResponse> =>
  (w.slasher.connect(by) as BaseContract).getFunction(name).send(...args)

/** Brings the entries of an `illegalLog` as a step of a longer proof. */
export const openLog = (w: World, by: Signer, { args }: Proof): Promise<ContractTransactionResponse> =>
  (w.slasher.connect(by) as BaseContract).getFunction('openLog').send(...args)

/** Whether the proof would be accepted now; throws as the call would. */
export const judge = (w: World, { name, args }: Proof | Step): Promise<unknown> =>
  (w.slasher as BaseContract).getFunction(name).staticCall(...args)

type Sign = (type: TypeName, changes?: Values) => Brought

/** Proofs that hold, by whoever signs. */
export const HOLDS = {
  equivocation: (story: Story, member: number, sign: Sign, type: TypeName = 'Confirm'): Proof => {
    const other: Values =
      type === 'Confirm'
        ? { value: id('other') }
        : type === 'Checkpoint'
          ? { root: id('other') }
          : type === 'Hello'
            ? { inputsRoot: id('other') }
            : { stateHash: id('other') }
    const [first, second] = [sign(type), sign(type, other)]
    const objects = [first.fields, first.signature, second.fields, second.signature]
    return { name: 'equivocation', args: [story.taskId, member, OBJECT[type], ...objects] }
  },
  amnesia: (story: Story, member: number, sign: Sign): Proof => {
    const [confirm, share] = [sign('Confirm'), sign('Share')]
    const objects = [confirm.fields, confirm.signature, share.fields, share.signature]
    return { name: 'amnesia', args: [story.taskId, member, ...objects] }
  },
  illegalLog: (story: Story, member: number, sign: Sign, count = 4): Proof => {
    const entries = Array.from({ length: Math.ceil(count / 4) }, (_, i) => roundOf(4 * i + 1, 3, i)).flat()
    entries.length = count
    entries[count - 1] = { ...entries[count - 1]!, event: 7 }
    const log = { logSeq: count, logHead: foldEntries(id('before'), entries) }
    const { fields, signature } = sign('Checkpoint', log)
    const proof = [fields, signature, id('before'), packEntries(entries)]
    return { name: 'illegalLog', args: [story.taskId, member, ...proof] }
  },
  forkedLog: (story: Story, member: number, sign: Sign, count = 4): Proof => {
    const entries = Array.from({ length: Math.ceil(count / 4) }, (_, i) => roundOf(4 * i + 13, 4, i)).flat()
    entries.length = count
    const first = sign('Checkpoint')
    const log = { height: 4, logSeq: 12 + count, logHead: foldEntries(id('another'), entries) }
    const second = sign('Checkpoint', log)
    const objects = [first.fields, first.signature, second.fields, second.signature]
    const proof = [...objects, id('another'), packEntries(entries)]
    return { name: 'forkedLog', args: [story.taskId, member, ...proof] }
  },
  unjustifiedVote: (story: Story, member: number, sign: Sign): Proof => {
    const { fields, signature } = sign('Share', { inputs: 1n })
    return { name: 'unjustifiedVote', args: [story.taskId, member, OBJECT.Share, fields, signature] }
  },
} as const

/** Two parents: a STATUS and a vote of one height. */
export const holdsTwoParents = (story: Story, member: number, sign: Sign): Proof => {
  const [status, share] = [sign('Status', { height: 3, parent: id('other') }), sign('Share', { height: 3 })]
  const objects = [status.fields, status.signature, share.fields, share.signature]
  return { name: 'twoParents', args: [story.taskId, member, OBJECT.Status, ...objects] }
}

/** A proof that holds, honestly signed by the member. */
export function proofOf(story: Story, member: number, name: keyof typeof HOLDS, type?: TypeName): Proof {
  const sign: Sign = (of, changes) => bring(story, member, of, changes)
  return name === 'equivocation'
    ? HOLDS.equivocation(story, member, sign, type)
    : HOLDS[name](story, member, sign)
}

/** The same signature with the other s and v: a second encoding of it that `ecrecover` takes. */
export function malleated(signature: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const { r, s, v } = Signature.from(signature)
  return concat([r, toBeHex(order - BigInt(s), 32), toBeHex(v === 27 ? 28 : 27, 1)])
}
