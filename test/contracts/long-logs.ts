import { expect } from 'chai'
import { dataLength, id } from 'ethers'
import { network } from 'hardhat'
import type { Brought, Entry, Proof, Values } from './evidence.ts'
import { bring, foldEntries, judge, openLog, packEntries, report, roundOf } from './evidence.ts'
import { refused } from './refused.ts'
import type { Story, World } from './world.ts'
import { deployWorld, label, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const START = id('head_0 of the epoch')
const STEP = 2048
const GAS_MAX = 2n ** 24n
const CALLDATA_MAX = 128 * 1024

async function seven() {
  const w = await deployWorld(connection)
  return { w, story: await running(w, await registeredMany(w, 7), { epochHeights: 256 }) }
}

/** Rounds of one height: as many as anybody likes, and legal. */
const rounds = (count: number, first = 1, height = 3): Entry[] =>
  Array.from({ length: count }, (_, i) => roundOf(first + 4 * i, height, i)).flat()

/** Entries with their head after each, signed by a member. */
interface Log {
  readonly entries: readonly Entry[]
  /** heads[i]: before entry i. */
  readonly heads: readonly string[]
}

function logOf(entries: readonly Entry[], start = START): Log {
  const heads = [start]
  for (const entry of entries) heads.push(foldEntries(heads.at(-1)!, [entry]))
  return { entries, heads }
}

const signLog = (story: Story, member: number, { entries, heads }: Log, changes: Values = {}): Brought =>
  bring(story, member, 'Checkpoint', { logSeq: entries.at(-1)!.seq, logHead: heads.at(-1)!, ...changes })

/** A stretch of the log as a call brings it, from entry `from` on and before entry `to`. */
const stretch = ({ entries, heads }: Log, from: number, to: number) =>
  [heads[from]!, packEntries(entries.slice(from, to))] as const

function proof(story: Story, member: number, signed: Brought, log: Log, from: number, to: number): Proof {
  const args = [story.taskId, member, signed.fields, signed.signature, ...stretch(log, from, to)]
  return { name: 'illegalLog', args }
}

/** Opens the log from its end down to entry `to`; the gas of each step. */
async function open(w: World, story: Story, signed: Brought, log: Log, to: number): Promise<bigint[]> {
  const gas: bigint[] = []
  for (let end = log.entries.length; end > to;) {
    const from = Math.max(to - 1, end - STEP)
    const sent = await openLog(w, w.mallory, proof(story, 0, signed, log, from, end))
    expect(dataLength(sent.data)).to.be.lessThan(CALLDATA_MAX)
    gas.push((await sent.wait())!.gasUsed)
    end = from + 1
  }
  return gas
}

describe('Long logs', () => {
  /** An illegal event in entry 6, then 10,000 legal entries. */
  const LONG = logOf(rounds(2502).map((entry, i) => (i === 5 ? { ...entry, event: 7 } : entry)))
  /** Entry 6 is the first of the last stretch but one. */
  const OPEN_TO = 8

  it('M-5: 10,000 legal entries hide nothing: the log is opened in steps', async () => {
    const { w, story } = await loadFixture(seven)
    const signed = signLog(story, 0, LONG)
    const last = proof(story, 0, signed, LONG, 0, OPEN_TO)
    await refused(judge(w, last), w.slasher, 'ProvesNothing', label('logHead'))
    const steps = await open(w, story, signed, LONG, OPEN_TO)
    const convicted = (await (await report(w, w.mallory, last)).wait())!.gasUsed
    expect(await w.board.convictionOf(story.taskId, 0)).to.deep.equal([5n, true])
    for (const gas of steps) expect(gas < GAS_MAX, `${gas} gas`).to.equal(true)
    expect(steps).to.have.length(5)
    console.log(`      steps of ${STEP} entries: ${steps.join(', ')} gas; conviction: ${convicted} gas`)
  })

  it('are opened once for all members who signed the head, and by anybody, in any stretches', async () => {
    const { w, story } = await loadFixture(seven)
    const log = logOf(rounds(10).map((entry, i) => (i === 2 ? { ...entry, from: 0 } : entry)))
    const signed = signLog(story, 0, log)
    await openLog(w, w.mallory, proof(story, 0, signed, log, 20, 40))
    await openLog(w, w.client, proof(story, 0, signed, log, 30, 40))
    await openLog(w, w.client, proof(story, 0, signed, log, 10, 21))
    for (const member of [0, 1, 5]) {
      await report(w, w.mallory, proof(story, member, signLog(story, member, log), log, 0, 11))
      expect(await w.board.convictionOf(story.taskId, member)).to.deep.equal([5n, true])
    }
  })

  it('refuse a step from a head that was not opened, one that was made before, and another’s signature', async () => {
    const { w, story } = await loadFixture(seven)
    const log = logOf(rounds(10))
    const signed = signLog(story, 0, log)
    const step = (from: number, to: number, by = 0) =>
      openLog(w, w.mallory, proof(story, by, signed, log, from, to))
    await refused(step(10, 21), w.slasher, 'ProvesNothing', label('logHead'))
    await refused(step(39, 40), w.slasher, 'ProvesNothing', label('opened'))
    await step(20, 40)
    await refused(step(20, 40), w.slasher, 'ProvesNothing', label('opened'))
    await refused(step(10, 20), w.slasher, 'ProvesNothing', label('logHead'))
    const other = openLog(w, w.mallory, proof(story, 1, signed, log, 10, 21))
    await expect(other).to.be.revertedWithCustomError(w.slasher, 'NotSignedBy')
    // what was opened of one head says nothing about another
    const next = logOf([...log.entries, ...roundOf(41, 4, 0)])
    const third = proof(story, 0, signLog(story, 0, next), next, 10, 21)
    await refused(openLog(w, w.mallory, third), w.slasher, 'ProvesNothing', label('logHead'))
  })

  it('convict nobody of entries that were never in the log', async () => {
    const { w, story } = await loadFixture(seven)
    const log = logOf(rounds(10))
    const signed = signLog(story, 0, log)
    await openLog(w, w.mallory, proof(story, 0, signed, log, 20, 40))
    for (let from = 0; from < 20; from++) {
      const legal = proof(story, 0, signed, log, from, 21)
      await refused(judge(w, legal), w.slasher, 'ProvesNothing', label('legal'))
    }
    const bent = logOf(log.entries.map((entry, i) => (i === 7 ? { ...entry, event: 7 } : entry)))
    const lie = proof(story, 0, signed, bent, 0, 21)
    await refused(judge(w, lie), w.slasher, 'ProvesNothing', label('logHead'))
    // an entry that is brought without its beginning, from a head that somebody made up
    const made = [
      ...proof(story, 0, signed, log, 10, 21).args.slice(0, 4),
      id('made up'),
      stretch(log, 10, 21)[1],
    ]
    const fake: Proof = { name: 'illegalLog', args: made }
    await refused(judge(w, fake), w.slasher, 'ProvesNothing', label('logHead'))
  })

  it('M-5: a fork is shown as deep, and nothing of a log that goes on', async () => {
    const { w, story } = await loadFixture(seven)
    const first = logOf(rounds(3))
    const filler = rounds(1500, 13, 4)
    const fork = (before: string) => {
      const log = logOf(filler, before)
      const [a, b] = [signLog(story, 0, first), signLog(story, 0, log, { height: 4 })]
      const objects = [a.fields, a.signature, b.fields, b.signature]
      const proves: Proof = { name: 'forkedLog', args: [story.taskId, 0, ...objects, ...stretch(log, 0, 8)] }
      return { log, signed: b, proves }
    }
    const honest = fork(first.heads.at(-1)!)
    await open(w, story, honest.signed, honest.log, 8)
    await refused(judge(w, honest.proves), w.slasher, 'ProvesNothing', label('extends'))
    const forked = fork(id('another'))
    await refused(judge(w, forked.proves), w.slasher, 'ProvesNothing', label('logHead'))
    await open(w, story, forked.signed, forked.log, 8)
    await report(w, w.mallory, forked.proves)
    expect(await w.board.convictionOf(story.taskId, 0)).to.deep.equal([5n, true])
  })
})
