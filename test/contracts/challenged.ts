/** A task whose history on chain holds a height that can be opened, and what may be brought against those who signed it. */
import type { ContractTransactionResponse } from 'ethers'
import { id } from 'ethers'
import type { Proof, Step, Values } from './evidence.ts'
import { OBJECT, after, bring, valueOf } from './evidence.ts'
import type { Case } from './provable.ts'
import type { Input } from './provable.ts'
import { EVENTS, INPUTS, NOTHING_BEFORE, packEvents, provable, shareOf } from './provable.ts'
import type { Actor, TaskParams, World } from './world.ts'
import { claimsOpenAt, heightOf, mineTo, stateOf } from './world.ts'

/** The height that is opened, and the last one. */
export const OPENED = 5
export const LAST = 7n

export const WRONG_STATE = id('invented')

/** What a height says, as `refute` takes it. */
export interface Opened {
  readonly claim: Values
  readonly root: string
  readonly later: readonly string[]
  readonly rootBeforeLast: string
}

/** Those of the listed inputs whose members there are. */
const inputsOf = ({ story }: Case): readonly Input[] =>
  INPUTS.filter(({ member }) => member < story.members.length)

/** Seven members, or as many as act; heights 1 to 4 hold nothing that opens. */
export async function seven(
  w: World,
  actors: readonly Actor[],
  changes: Partial<TaskParams> = {},
): Promise<Case> {
  const c = await provable(w, actors, { heights: LAST, ...changes })
  await c.story.accept(OPENED - 1)
  return c
}

const claimOf = ({
  height,
  parent,
  stateHash,
  inputsRoot,
  inputs,
  eventSeq,
  eventsHash,
}: Values): Values => ({
  ...{ height: height!, parent: parent!, stateHash: stateHash!, inputsRoot: inputsRoot! },
  ...{ inputs: inputs!, eventSeq: eventSeq!, eventsHash: eventsHash! },
})

/** The last three heights, the first of which can be opened, signed by these. */
export async function anchored(c: Case, changes: Values, signers: number[]): Promise<Opened> {
  const { story } = c
  const claim = claimOf(shareOf(c, { inputs: inputsOf(c), share: { parent: story.root, ...changes } }))
  const root = after(String(claim['parent']), valueOf(claim))
  const opened = { ...heightOf(0n, 1), list: BigInt(claim['inputs']!) }
  Object.assign(opened, { stateHash: claim['stateHash'], inputsRoot: claim['inputsRoot'] })
  const fillers = [6n, LAST].map((n) => heightOf(n))
  const eventsHash = story.eventsHashes[1]!
  const later = fillers.map(({ stateHash, inputsRoot }) =>
    valueOf({
      stateHash,
      inputsRoot,
      inputs: (1n << BigInt(story.members.length)) - 1n,
      eventSeq: 1,
      eventsHash,
    }),
  )
  await story.accept(3, { heights: [opened, ...fillers], signers })
  return { claim, root, later, rootBeforeLast: after(root, later[0]!) }
}

/** The states behind the list of the opened height, and its ledger event. */
async function proofArgs(c: Case): Promise<readonly unknown[]> {
  const events = packEvents([{ originator: await c.w.client.getAddress(), data: EVENTS[0]! }])
  return [c.params, inputsOf(c), '0x', events, NOTHING_BEFORE]
}

/** The step that refutes the opened height. */
export async function refutation(c: Case, { claim, later }: Pick<Opened, 'claim' | 'later'>): Promise<Step> {
  return { name: 'refute', args: [c.story.taskId, claim, later, ...(await proofArgs(c))] }
}

/** The CHECKPOINT that a member signed with the last three heights. */
export function signedCheckpoint({ story }: Case, member: number) {
  const log = { logSeq: 4n * LAST, logHead: id(`head ${LAST}`), inputsHash: `0x${'00'.repeat(32)}` }
  return bring(story, member, 'Checkpoint', { height: LAST, root: story.root, ...log })
}

/** What convicts a signer once the height is refuted. */
export function wrongCheckpoint(c: Case, member: number, { root, later }: Opened): Proof {
  const { fields, signature } = signedCheckpoint(c, member)
  return {
    name: 'wrongCheckpoint',
    args: [c.story.taskId, member, fields, signature, OPENED, root, later],
  }
}

/** Publishes the state of the last height. */
export const finalize = (c: Case, { rootBeforeLast }: Opened): Promise<ContractTransactionResponse> =>
  c.w.board.finalize(
    c.story.taskId,
    stateOf(LAST),
    rootBeforeLast,
    heightOf(LAST).inputsRoot,
    (1n << BigInt(c.story.members.length)) - 1n,
  )

export const closeWindow = async (c: Case): Promise<void> => {
  await c.w.connection.networkHelpers.mine(11)
  await mineTo(c.w, await claimsOpenAt(c.w, c.story.taskId))
}

export const OUTCOME = { pending: 0n, final: 1n, tainted: 2n } as const

/** What consumers are told. */
export async function resultOf({ w, story }: Case): Promise<readonly [bigint, string, bigint]> {
  const results = await w.connection.ethers.getContractAt('Results', await w.slasher.results())
  const { outcome, resultHash, height } = await results.result(story.taskId)
  return [outcome, resultHash, height]
}

/** Another object of a member and its SHARE, as E6 takes them. */
export function twoParents(
  { story }: Case,
  member: number,
  type: 'Status' | 'Share' | 'Checkpoint' | 'Confirm',
  other: Values,
  share: Values,
): Proof {
  const [first, second] = [bring(story, member, type, other), bring(story, member, 'Share', share)]
  const objects = [first.fields, first.signature, second.fields, second.signature]
  return { name: 'twoParents', args: [story.taskId, member, OBJECT[type], ...objects] }
}
