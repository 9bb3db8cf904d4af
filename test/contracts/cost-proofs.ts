/**
 * Gas of proofs, brought by somebody who was credited before, in a task in which somebody was convicted before; and what
 * they cost the convicted.
 */
import { id, toBeHex } from 'ethers'
import { aside, gasOf, undone } from './cost-of.ts'
import type { Costs } from './cost-of.ts'
import type { Proof, TypeName, Values } from './evidence.ts'
import { HOLDS, OBJECT, bring, openLog, proofOf, report } from './evidence.ts'
import { WRONG, accusation, provable } from './provable.ts'
import type { Input } from './provable.ts'
import {
  OPENED,
  WRONG_STATE,
  anchored,
  refutation,
  seven,
  twoParents,
  wrongCheckpoint,
} from './challenged.ts'
import { LOADS } from './cost-twins.ts'
import type { Actor, World } from './world.ts'
import { blockNumber } from './world.ts'

/** What a conviction costs. */
export interface Penalty {
  /** Percent of the lock that is taken at once. */
  readonly percent: number
  /** Token wei of that for the reporter. */
  readonly reporter: number
  /** All keys of the operator are refused for so many blocks. */
  readonly jail: number
  /** More is due at release, by the weight of the others so convicted. */
  readonly correlated: boolean
}

const ACCUSED = 2
const LOCK = 1000n
const SLOTS = 64

/** E4: an input of 8 bytes from every member, all of whom were misled, and a twin that hashes what it is given. */
export async function proofCosts(w: World, actors: readonly Actor[]): Promise<Costs> {
  const everyone = actors.map((_, i) => i)
  const c = await provable(w, actors, { stallBlocks: 8 * actors.length, epochHeights: 8 })
  const sign = (type: TypeName, changes?: Values) => bring(c.story, ACCUSED, type, changes)
  const first = await gasOf(report(w, w.mallory, proofOf(c.story, 0, 'equivocation')))
  const cost = (proof: Proof) => aside(w, () => report(w, w.mallory, proof))
  const inputs = everyone.map((member) => ({
    member,
    eventSeq: 0,
    state: id(`state ${member}`).slice(0, 18),
  }))
  return {
    'equivocation, first credit': first,
    equivocation: await cost(HOLDS.equivocation(c.story, ACCUSED, sign)),
    amnesia: await cost(HOLDS.amnesia(c.story, ACCUSED, sign)),
    'illegalLog, 4 entries': await cost(HOLDS.illegalLog(c.story, ACCUSED, sign)),
    'illegalLog, 256 entries': await cost(HOLDS.illegalLog(c.story, ACCUSED, sign, 256)),
    'openLog, 2048 entries': await aside(w, () =>
      openLog(w, w.mallory, HOLDS.illegalLog(c.story, ACCUSED, sign, 2048)),
    ),
    'forkedLog, 4 entries': await cost(HOLDS.forkedLog(c.story, ACCUSED, sign)),
    unjustifiedVote: await cost(HOLDS.unjustifiedVote(c.story, ACCUSED, sign)),
    wrongReduction: await cost(await accusation(c, { ...WRONG, inputs, confirmers: everyone })),
  }
}

/** A wrong height that all signed, refuted; a signer of it; and a vote on another history. */
export async function historyCosts(w: World, actors: readonly Actor[]): Promise<Costs> {
  const everyone = actors.map((_, i) => i)
  const c = await seven(w, actors, { stallBlocks: 8 * actors.length })
  const share = { height: OPENED, parent: id('another history') }
  const two = twoParents(c, ACCUSED, 'Status', { height: OPENED, parent: c.story.root }, share)
  const opened = await anchored(c, { stateHash: WRONG_STATE }, everyone)
  await report(w, w.mallory, proofOf(c.story, 0, 'equivocation'))
  const refute = await gasOf(report(w, w.mallory, await refutation(c, opened)))
  return {
    refute,
    wrongCheckpoint: await aside(w, () => report(w, w.mallory, wrongCheckpoint(c, ACCUSED, opened))),
    twoParents: await aside(w, () => report(w, w.mallory, two)),
  }
}

/** The heaviest of the stock twins at its heaviest: see LOADS. */
export async function timeSlotsCost(w: World, actors: readonly Actor[]): Promise<Costs> {
  const twin = await (await w.connection.ethers.deployContract('TimeSlotsTwin')).getAddress()
  const params = { twin, reducerParams: toBeHex(SLOTS, 1), stallBlocks: 8 * actors.length }
  const c = await provable(w, actors, params)
  const inputs = actors.map((_, member): Input => {
    return { member, eventSeq: 0, state: LOADS['time-slots@1'][1](member) }
  })
  await report(w, w.mallory, proofOf(c.story, 0, 'equivocation'))
  const confirmers = actors.map((_, i) => i)
  const proof = await accusation(c, { ...WRONG, inputs, confirmers })
  return { 'wrongReduction, time-slots@1': await gasOf(report(w, w.mallory, proof)) }
}

/** What is proven → what it costs. Wrong reductions: misled nobody else, and everybody. */
export async function penaltiesOf(
  w: World,
  actors: readonly Actor[],
): Promise<Readonly<Record<string, Penalty>>> {
  const signer = await undone(w, async () => {
    const wrong = await seven(w, actors, { stakePerNode: LOCK })
    const everyone = actors.map((_, i) => i)
    const opened = await anchored(wrong, { stateHash: WRONG_STATE }, everyone)
    await report(w, w.mallory, await refutation(wrong, opened))
    const { taskId, members } = wrong.story
    return penaltyOf(w, taskId, members[ACCUSED]!.keyAddress, wrongCheckpoint(wrong, ACCUSED, opened))
  })
  const c = await provable(w, actors, { epochHeights: 8, stakePerNode: LOCK })
  const { story } = c
  const sign = (type: TypeName, changes?: Values) => bring(story, ACCUSED, type, changes)
  const { fields, signature } = sign('Hello', { inputs: 1n })
  const hello = {
    name: 'unjustifiedVote',
    args: [story.taskId, ACCUSED, OBJECT.Hello, fields, signature],
  } as const
  const inputs = actors.map((_, member): Input => ({ member, eventSeq: 0, state: toBeHex(member + 1, 8) }))
  const misled = (confirmers: number[]) => accusation(c, { ...WRONG, inputs, confirmers })
  const types = Object.keys(OBJECT) as TypeName[]
  const proofs: Record<string, Proof> = {
    ...Object.fromEntries(
      types.map((type) => [`equivocation ${type}`, HOLDS.equivocation(story, ACCUSED, sign, type)]),
    ),
    amnesia: HOLDS.amnesia(story, ACCUSED, sign),
    illegalLog: HOLDS.illegalLog(story, ACCUSED, sign),
    forkedLog: HOLDS.forkedLog(story, ACCUSED, sign),
    'unjustifiedVote Share': HOLDS.unjustifiedVote(story, ACCUSED, sign),
    'unjustifiedVote Hello': hello,
    'wrongReduction, nobody misled': await misled([]),
    'wrongReduction, everybody misled': await misled(actors.map((_, i) => i)),
  }
  const found: Record<string, Penalty> = {}
  for (const [name, proof] of Object.entries(proofs)) {
    found[name] = await undone(w, () => penaltyOf(w, story.taskId, story.members[ACCUSED]!.keyAddress, proof))
  }
  const parents = [id('one history'), id('another')].map((parent) => ({ height: OPENED, parent }))
  const two = twoParents(c, ACCUSED, 'Status', parents[0]!, parents[1]!)
  found['twoParents'] = await undone(w, () =>
    penaltyOf(w, story.taskId, story.members[ACCUSED]!.keyAddress, two),
  )
  found['wrongCheckpoint'] = signer
  return found
}

/** By what is gone from the lock, credited, and kept of the key. */
async function penaltyOf(w: World, taskId: bigint, key: string, proof: Proof): Promise<Penalty> {
  await report(w, w.mallory, proof)
  const lost = LOCK - (await w.registry.lockOf(taskId, key))
  const credit = await w.registry.creditOf(w.mallory)
  const { jailedUntil } = await w.registry.account(await w.registry.keyOwner(key))
  const [, correlated] = await w.board.convictionOf(taskId, ACCUSED)
  return {
    percent: Number(100n * lost) / Number(LOCK),
    reporter: Number(credit),
    jail: Number(jailedUntil - (await blockNumber(w))),
    correlated,
  }
}
