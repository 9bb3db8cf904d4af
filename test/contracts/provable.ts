import type { Result } from 'ethers'
import {
  AbiCoder,
  TypedDataEncoder,
  ZeroHash,
  concat,
  dataLength,
  hexlify,
  id,
  keccak256,
  toBeHex,
  toUtf8Bytes,
} from 'ethers'
import type { Proof, Values } from './evidence.ts'
import { bring, PARENT, valueOf } from './evidence.ts'
import type { Actor, Story, TaskParams, World } from './world.ts'
import { form, joined } from './world.ts'

const coder = AbiCoder.defaultAbiCoder()
const CONTEXT = 'tuple(bytes32 seed,uint64 height,tuple(address key,uint16 weight)[] members,bytes previous)'
const INPUTS_TYPE = 'tuple(uint8 member,bytes state)[]'
const ORDINARY = '0x00'
/** Of the votes, unless a test says another. */
const HEIGHT = 5
export const EVENTS = ['first', 'second'].map((text) => hexlify(toUtf8Bytes(text)))

export interface Case {
  readonly w: World
  readonly story: Story
  readonly params: TaskParams
  readonly seed: string
}

/** A running task whose results the test twin recomputes, with two ledger events. */
export async function provable(
  w: World,
  actors: readonly Actor[],
  changes: Partial<TaskParams> = {},
): Promise<Case> {
  const twin = await (await w.connection.ethers.deployContract('TestTwin')).getAddress()
  const taskId = await joined(w, actors, { twin, reducerParams: ORDINARY, ...changes })
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(taskId))
  const story = await form(w, taskId, actors)
  for (const data of EVENTS) await story.post(data)
  const [formed] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
  const { params } = published!.args
  return {
    w,
    story,
    params: {
      ...(params as unknown as Result).toObject(),
      reporters: [...params.reporters],
    } as unknown as TaskParams,
    seed: formed!.args.seed,
  }
}

export interface Input {
  readonly member: number
  readonly eventSeq: number
  readonly state: string
}

export const INPUTS: readonly Input[] = [0, 1, 3, 4, 6].map((member) => ({
  member,
  eventSeq: member % 2,
  state: toBeHex(100 + member, 8),
}))

/** What the reducer gives for the inputs and the first `events` ledger events. */
function aggregate(
  c: Case,
  inputs: readonly Input[],
  events: number,
  previous = '0x',
  height = HEIGHT,
): string {
  const types = ['bytes', CONTEXT, INPUTS_TYPE, 'tuple(uint8 kind,bytes data)[]']
  const posted = EVENTS.slice(0, events).map((data) => ({ kind: 0, data }))
  const args = [c.params.reducerParams, contextOf(c, previous, height), given(inputs), posted]
  return keccak256(coder.encode(types, args))
}

/** Hash of the plain aggregate, as a vote at height 5 has it that counts nobody as leaving. */
export const aggregateHash = (c: Case): string => keccak256(aggregate(c, INPUTS, 1))

/** What it gives without those who leave. */
function closed(c: Case, inputs: readonly Input[], state: string): string {
  const types = ['bytes', CONTEXT, 'bytes', INPUTS_TYPE]
  return keccak256(coder.encode(types, [c.params.reducerParams, contextOf(c), state, given(inputs)]))
}

/** As the cluster's snapshot has it. */
function contextOf({ seed, story }: Case, previous = '0x', height = HEIGHT): object {
  const members = story.members.map(({ keyAddress: key }) => ({ key, weight: 1 }))
  return { seed, height, members, previous }
}

const given = (inputs: readonly Input[]): object[] => inputs.map(({ member, state }) => ({ member, state }))

interface Options {
  readonly inputs?: readonly Input[]
  readonly share?: Values
  readonly height?: number
  /** State of the height before, as the twin is handed it. */
  readonly previous?: string
  /** A seat that is listed with its CLOSE. */
  readonly closing?: number
  /** Whose signatures stand for the CLOSEs; default: that seat's. */
  readonly closes?: readonly number[]
  readonly confirmers?: readonly number[]
  readonly round?: number
  readonly spoil?: (signature: string) => string
}

const list = (members: readonly number[]): bigint => members.reduce((bits, i) => bits | (1n << BigInt(i)), 0n)

/** Ledger events as a proof brings them. */
export const packEvents = (events: readonly { kind?: number; originator: string; data: string }[]): string =>
  concat(
    events.map(({ kind = 0, originator, data }) =>
      concat([toBeHex(kind, 1), originator, toBeHex(dataLength(data), 2), data]),
    ),
  )

/** A fresh vote of member 2, for the right state unless `share` says otherwise. */
export function shareOf(
  c: Case,
  { inputs = INPUTS, share = {}, closing, previous = '0x', height = HEIGHT }: Options = {},
): Values {
  const parent = String(share['parent'] ?? PARENT)
  const digests = inputs.map(({ member, eventSeq, state }) => ({
    member,
    digest: bring(c.story, member, 'Status', {
      ...{ height, parent, stateHash: keccak256(state), eventSeq },
    }).hash,
  }))
  if (closing !== undefined) {
    digests.push({ member: closing, digest: closeHash(c) })
  }
  digests.sort((a, b) => a.member - b.member)
  const state = aggregate(c, inputs, 1, previous, height)
  const bitmap = list(digests.map(({ member }) => member))
  return {
    height,
    round: 1,
    parent: PARENT,
    stateHash: keccak256(closing === undefined ? state : closed(c, inputs, state)),
    inputsRoot: keccak256(concat([toBeHex(bitmap, 32), ...digests.map(({ digest }) => digest)])),
    inputs: bitmap,
    eventSeq: 1,
    eventsHash: c.story.eventsHashes[1]!,
    validRound: -1,
    ...share,
  }
}

const CLOSE = { Close: [{ name: 'cluster', type: 'bytes32' }] }

const closeHash = ({ story: { cluster } }: Case): string =>
  TypedDataEncoder.hashStruct('Close', CLOSE, { cluster })

/** A member's signature over its CLOSE. */
const closeBy = ({ story: { cluster, domain, members } }: Case, member: number): string =>
  members[member]!.key.sign(TypedDataEncoder.hash(domain, CLOSE, { cluster })).serialized

/** In tasks whose reducer is not handed the state before. */
export const NOTHING_BEFORE = {
  ...{ state: '0x', inputsRoot: ZeroHash, inputs: 0n, eventSeq: 0, eventsHash: ZeroHash, root: ZeroHash },
}

/** The call that accuses member 2, with the CONFIRMs of `confirmers`. */
export async function accusation(c: Case, options: Options = {}): Promise<Proof> {
  const { inputs = INPUTS, closing, confirmers = [], round = 1, spoil = String, height = HEIGHT } = options
  const { closes = closing === undefined ? [] : [closing] } = options
  const values = shareOf(c, options)
  const { fields, signature } = bring(c.story, 2, 'Share', values)
  const confirm = { height, round, value: valueOf(values) }
  const signatures = confirmers.map((i) => spoil(bring(c.story, i, 'Confirm', confirm).signature))
  const signed = concat(closes.map((i) => closeBy(c, i)))
  const originator = await c.w.client.getAddress()
  const events = packEvents([{ originator, data: EVENTS[0]! }])
  const misled = { round, members: list(confirmers), signatures: concat(signatures) }
  return {
    name: 'wrongReduction',
    args: [c.story.taskId, 2, fields, signature, c.params, inputs, signed, events, misled, NOTHING_BEFORE],
  }
}

/** A vote for a state that the twin does not give. */
export const WRONG: Options = { share: { stateHash: id('wrong') } }
