/**
 * Prints what the contracts cost: `node scripts/gas.ts [--json]`.
 *
 * A checkpoint is a whole transaction in the steady state (second checkpoint of its task, each ends an epoch), with real
 * signatures, one shared log head and the fee earned; inputs are not published unless the table says so. "Per
 * transition" divides it by members × heights × 4: what an undisturbed height writes into the members' logs.
 */
import { hexlify, randomBytes } from 'ethers'
import type { ContractTransactionResponse } from 'ethers'
import hre, { network } from 'hardhat'
import type { Actor, CheckpointOptions, TaskParams, World } from '../test/contracts/world.ts'
import {
  deployWorld,
  form,
  heightOf,
  joined,
  mineTo,
  registeredMany,
  running,
} from '../test/contracts/world.ts'
import { stateOf } from '../test/contracts/world.ts'
import type { Proof, TypeName, Values } from '../test/contracts/evidence.ts'
import { HOLDS, bring, proofOf, report } from '../test/contracts/evidence.ts'
import { WRONG, accusation, provable } from '../test/contracts/provable.ts'

type Row = Record<string, number>

const SIZES = [7, 15, 31]
const BATCHES = [1, 16, 32]
const TRANSITIONS_PER_HEIGHT = 4
const INPUT_OVERHEAD = 11

async function gasOf(sent: Promise<ContractTransactionResponse>): Promise<number> {
  const receipt = await (await sent).wait()
  if (receipt === null) throw new Error('not mined')
  return Number(receipt.gasUsed)
}

/** Gas of the second checkpoint of a fresh task, sent by the member whose turn it is. */
async function checkpointGas(
  w: World,
  actors: readonly Actor[],
  count: number,
  options: CheckpointOptions = {},
  changes: Partial<TaskParams> = {},
): Promise<number> {
  const params = { heights: 3 * count, epochHeights: count, stallBlocks: 8 * actors.length, ...changes }
  const story = await running(w, actors, params)
  const sendNext = async () => {
    const member = story.members[await story.turn()]
    if (member === undefined) throw new Error('nobody has the turn')
    return gasOf(story.accept(member.node, count, options))
  }
  await sendNext()
  return sendNext()
}

async function checkpoints(w: World, actors: readonly Actor[]): Promise<Row[]> {
  const n = actors.length
  const quorum = Array.from({ length: Math.floor((2 * n) / 3) + 1 }, (_, i) => i)
  const rows: Row[] = []
  for (const heights of BATCHES) {
    const all = await checkpointGas(w, actors, heights)
    const bare = await checkpointGas(w, actors, heights, { signers: quorum })
    const perTransition = Math.round((10 * all) / (n * heights * TRANSITIONS_PER_HEIGHT)) / 10
    rows.push({ n, heights, 'all sign': all, 'bare quorum': bare, 'per transition': perTransition })
  }
  return rows
}

async function withInputs(w: World, actors: readonly Actor[]): Promise<Row> {
  const n = actors.length
  const heights = 16
  const stateCap = 32
  const bytes = heights * (1 + n * (INPUT_OVERHEAD + stateCap))
  const options = { inputs: hexlify(randomBytes(bytes)) }
  const gas = await checkpointGas(w, actors, heights, options, { calldataInputs: true, stateCap })
  return { n, heights, 'state bytes': stateCap, 'inputs bytes': bytes, 'all sign': gas }
}

/** Every other call in the life of a task of one height. */
async function calls(w: World, actors: readonly Actor[]): Promise<Row> {
  const n = actors.length
  const taskId = await joined(w, actors, { heights: 1, stallBlocks: 8 * n })
  const gasWhere = async (events: Promise<{ getTransactionReceipt(): Promise<{ gasUsed: bigint }> }[]>) => {
    const event = (await events).at(-1)
    return event === undefined ? 0 : Number((await event.getTransactionReceipt()).gasUsed)
  }
  const publish = await gasWhere(w.board.queryFilter(w.board.filters.TaskPublished(taskId)))
  const join = await gasWhere(w.board.queryFilter(w.board.filters.Joined(taskId)))
  const story = await form(w, taskId, actors)
  const formed = await gasWhere(w.board.queryFilter(w.board.filters.ClusterFormed(taskId)))
  const rootZero = story.root
  const first = await gasOf(story.accept(w.mallory))
  const finalize = await gasOf(w.board.finalize(taskId, stateOf(1n), rootZero, heightOf(1n).inputsRoot))
  await mineTo(w, (await w.board.claimsOpenAt(taskId)) + (await w.board.task(taskId)).formBlock + 100n)
  const [member] = actors
  if (member === undefined) throw new Error('no member')
  const claim = await gasOf(w.board.connect(member.operator).claim(taskId))
  const claimClient = await gasOf(w.board.connect(w.client).claim(taskId))
  const release = await gasOf(w.board.connect(member.node).release(taskId, member.keyAddress))
  const row = { n, publish, join, form: formed, 'first checkpoint': first, finalize, claim }
  return { ...row, 'claim (client)': claimClient, release }
}

/**
 * Every proof, brought by somebody who was credited before, in a task in which somebody was convicted before. E4: one input
 * of 8 bytes from every member, all of whom were misled, and a twin that hashes what it is given.
 */
async function proofs(w: World, actors: readonly Actor[]): Promise<Row> {
  const n = actors.length
  const everyone = Array.from({ length: n }, (_, i) => i)
  const c = await provable(w, actors, { stallBlocks: 8 * n, epochHeights: 8 })
  const sign = (type: TypeName, changes?: Values) => bring(c.story, 2, type, changes)
  const first = await gasOf(report(w, w.mallory, proofOf(c.story, 0, 'equivocation')))
  const convicted = await w.connection.networkHelpers.takeSnapshot()
  const cost = async (proof: Proof): Promise<number> => {
    const gas = await gasOf(report(w, w.mallory, proof))
    await convicted.restore()
    return gas
  }
  const inputs = everyone.map((member) => ({ member, eventSeq: 0, state: hexlify(randomBytes(8)) }))
  return {
    n,
    'E1, first credit': first,
    E1: await cost(HOLDS.equivocation(c.story, 2, sign)),
    E1b: await cost(HOLDS.amnesia(c.story, 2, sign)),
    'E2, 4 entries': await cost(HOLDS.illegalLog(c.story, 2, sign)),
    'E2, 256 entries': await cost(HOLDS.illegalLog(c.story, 2, sign, 256)),
    'E2 fork, 4 entries': await cost(HOLDS.forkedLog(c.story, 2, sign)),
    E3: await cost(HOLDS.unjustifiedVote(c.story, 2, sign)),
    E4: await cost(await accusation(c, { ...WRONG, inputs, confirmers: everyone })),
  }
}

/** The most expensive drawing: four sign-ups per seat, all by different operators. */
async function largestDrawing(): Promise<Row> {
  const w = await deployWorld(await network.create())
  const actors = await registeredMany(w, 124)
  const taskId = await joined(w, actors, { maxNodes: 31, stallBlocks: 248, endBlock: 2000 })
  return { 'sign-ups': actors.length, seats: 31, form: await gasOf(w.board.form(taskId)) }
}

await hre.tasks.getTask('build').run({ quiet: true })
const tables: Record<string, Row[]> = {
  checkpoint: [],
  'checkpoint, inputs published': [],
  calls: [],
  proofs: [],
}
for (const n of [4, ...SIZES]) {
  const w = await deployWorld(await network.create())
  tables['proofs']?.push(await proofs(w, await registeredMany(w, n)))
}
for (const n of SIZES) {
  const w = await deployWorld(await network.create())
  const actors = await registeredMany(w, n)
  tables['checkpoint']?.push(...(await checkpoints(w, actors)))
  tables['checkpoint, inputs published']?.push(await withInputs(w, actors))
  tables['calls']?.push(await calls(w, actors))
}
tables['largest drawing'] = [await largestDrawing()]
if (process.argv.includes('--json')) console.log(JSON.stringify(tables, null, 2))
else {
  for (const [title, rows] of Object.entries(tables)) {
    console.log(`\n${title}`)
    console.table(rows)
  }
}
