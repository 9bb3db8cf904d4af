import type { Result } from 'ethers'
import { AbiCoder, concat, hexlify, id, keccak256, toBeHex, toUtf8Bytes } from 'ethers'
import type { Proof, Values } from './evidence.ts'
import { bring, valueOf } from './evidence.ts'
import type { Actor, Story, TaskParams, World } from './world.ts'
import { form, joined } from './world.ts'

const coder = AbiCoder.defaultAbiCoder()
const ORDINARY = '0x00'
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
  for (const data of EVENTS) await w.board.connect(w.client).postEvent(taskId, data)
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
function aggregate(c: Case, inputs: readonly Input[], events: number): string {
  const types = ['bytes', 'bytes32', 'tuple(uint8 member,bytes state)[]', 'bytes[]']
  const given = inputs.map(({ member, state }) => ({ member, state }))
  return keccak256(coder.encode(types, [c.params.reducerParams, c.seed, given, EVENTS.slice(0, events)]))
}

interface Options {
  readonly inputs?: readonly Input[]
  readonly share?: Values
  readonly closing?: number
  readonly confirmers?: readonly number[]
  readonly round?: number
  readonly spoil?: (signature: string) => string
}

const list = (members: readonly number[]): number => members.reduce((bits, i) => bits | (1 << i), 0)

/** A fresh vote of member 2 at height 5, for the right state unless `share` says otherwise. */
function shareOf(c: Case, { inputs = INPUTS, share = {}, closing }: Options): Values {
  const digests = inputs.map(({ member, eventSeq, state }) => ({
    member,
    digest: bring(c.story, member, 'Status', { height: 5, stateHash: keccak256(state), eventSeq }).hash,
  }))
  if (closing !== undefined) {
    const close = keccak256(
      coder.encode(['bytes32', 'bytes32'], [id('Close(bytes32 cluster)'), c.story.cluster]),
    )
    digests.push({ member: closing, digest: close })
  }
  digests.sort((a, b) => a.member - b.member)
  const bitmap = list(digests.map(({ member }) => member))
  return {
    height: 5,
    round: 1,
    stateHash: keccak256(aggregate(c, inputs, 1)),
    inputsRoot: keccak256(concat([toBeHex(bitmap, 4), ...digests.map(({ digest }) => digest)])),
    inputs: bitmap,
    eventSeq: 1,
    validRound: -1,
    ...share,
  }
}

/** The call that accuses member 2, with the CONFIRMs of `confirmers`. */
export async function accusation(c: Case, options: Options = {}): Promise<Proof> {
  const { inputs = INPUTS, confirmers = [], round = 1, spoil = String } = options
  const values = shareOf(c, options)
  const { fields, signature } = bring(c.story, 2, 'Share', values)
  const confirm = { height: 5, round, value: valueOf(values) }
  const signatures = confirmers.map((i) => spoil(bring(c.story, i, 'Confirm', confirm).signature))
  const originator = await c.w.client.getAddress()
  const events = [{ originator, data: EVENTS[0] }]
  const misled = { round, members: list(confirmers), signatures: concat(signatures) }
  return {
    name: 'wrongReduction',
    args: [c.story.taskId, 2, fields, signature, c.params, inputs, events, misled],
  }
}

/** A vote for a state that the twin does not give. */
export const WRONG: Options = { share: { stateHash: id('wrong') } }
