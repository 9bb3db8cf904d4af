import { expect } from 'chai'
import hre, { network } from 'hardhat'
import { formFee } from '../../src/types/form-fee.ts'
import { comparedWithFormer } from './cost-former.ts'
import { functionOf, pagesWith } from './cost-tables.ts'
import { taskCost } from './cost-task.ts'
import { TWIN_SIZES, twinCostsAt } from './cost-twins.ts'
import { TWINNED_IDS } from '../helpers/twin-chain.ts'
import type { Costs } from './cost-of.ts'
import { SIZES, costsAt, penalties, readSnapshot } from './costs.ts'
import { allOf, deployWorld, mineTo, registeredMany, running, taskParams, lastBlockOf } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const snapshot = readSnapshot()
/** Percent by which a cost may differ from the snapshot; more is a change, for better or worse. */
const TOLERANCE = 1
/** The members' order, which the seed draws, takes more or less sorting. */
const TOLERANCES: Readonly<Record<string, number>> = { 'wrongReduction, time-slots@1': 3 }
const HEIGHT_TRANSITIONS = 4

const isOfTwin = (name: string): boolean => ['aggregate', 'close'].includes(functionOf(name))

/** What contracts call of each other: part of what their callers cost. */
const WITHIN = new Set(['lock', 'unlock', 'slash', 'jail', 'open', 'noteEvent', 'end', 'penalise'])

/** Highest costs, whatever the snapshot says: case → n → gas. */
const CEILINGS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  'form, 4 sign-ups per seat': { 31: 2_000_000, 128: 2 ** 23 },
  'checkpoint, 1 height, all sign': { 7: 104_000, 13: 150_000, 31: 250_000 },
  'checkpoint, 16 heights, all sign': { 31: 124 * 31 * 16 * HEIGHT_TRANSITIONS },
  'checkpoint, 32 heights, all sign': { 31: 71 * 31 * 32 * HEIGHT_TRANSITIONS },
  equivocation: { 4: 195_000, 31: 195_000 },
  amnesia: { 4: 201_000, 31: 201_000 },
  'illegalLog, 4 entries': { 31: 200_000 },
  'forkedLog, 4 entries': { 31: 212_000 },
  unjustifiedVote: { 31: 200_000 },
}

// instrumented contracts cost more
const measured = hre.globalOptions.coverage ? it.skip : it

describe('Gas', () => {
  for (const n of SIZES) {
    measured(`of every call at n = ${n} is what the snapshot says, and below its ceiling`, async () => {
      const costs = await costsAt(n)
      expect(differing(costs, n), 'intended? -> npm run gas').to.deep.equal([])
      for (const [name, ceilings] of Object.entries(CEILINGS)) {
        expect(costs[name], name).to.be.lessThanOrEqual(ceilings[n] ?? Infinity)
      }
    }).timeout(900_000)
  }

  for (const n of TWIN_SIZES) {
    measured(`of every twin at n = ${n} is what the snapshot says`, async () => {
      expect(differing(await twinCostsAt(n), n), 'intended? -> npm run gas').to.deep.equal([])
    })
  }

  it('of aggregate and close of every twin leaves half of a transaction to the rest of a proof, at 128 members', () => {
    for (const reducer of TWINNED_IDS) {
      const [aggregate, close] = ['aggregate', 'close'].map(
        (name) => snapshot.gas[`${name}, ${reducer}`]![128]!,
      )
      expect(aggregate! + close!, reducer).to.be.lessThan(2 ** 23)
    }
  })

  /** Cases that cost something else than the snapshot says, and those that only one of both has. */
  function differing(costs: Costs, n: number): string[] {
    const known = Object.keys(snapshot.gas).filter(
      (name) => isOfTwin(name) === Object.keys(costs).some(isOfTwin),
    )
    const names = [...new Set([...known, ...Object.keys(costs)])]
    return names.flatMap((name) => {
      const [before = NaN, now = NaN] = [snapshot.gas[name]?.[n], costs[name]]
      const close = 100 * Math.abs(now - before) <= (TOLERANCES[name] ?? TOLERANCE) * before
      return close ? [] : [`${name}: ${before} -> ${now}`]
    })
  }

  it('is measured of every function that changes state', async () => {
    const w = await deployWorld(connection)
    const line = (await connection.ethers.getContractFactory('TaskLine')).interface
    const contracts = [w.registry, w.board, w.log, w.slasher, w.bundles, w.lines].map((one) => one.interface)
    const functions = [...contracts, line].flatMap((one) =>
      one.fragments.flatMap((f) => ('constant' in f && !f.constant ? [f.format()] : [])),
    )
    const known = new Set(Object.keys(snapshot.gas).map(functionOf))
    const missing = functions.filter((f) => !known.has(functionOf(f)) && !WITHIN.has(functionOf(f)))
    expect(functions).not.to.be.empty
    expect(missing, 'measure it in cost-*.ts, then npm run gas').to.deep.equal([])
  })

  it('of an undisturbed checkpoint is at most a tenth above version 2, and what the lists are as call data', () => {
    const above = comparedWithFormer(snapshot).filter(({ now, most }) => !(now <= (most ?? now)))
    expect(above).to.deep.equal([])
  })

  it('of a drawing is what it is paid for, or up to 9 % less', () => {
    for (const n of SIZES)
      for (const [name, signups] of [
        ['form', n],
        ['form, 4 sign-ups per seat', 4 * n],
      ] as const) {
        const paid = Number(formFee({ formGasPrice: 1n }, signups, n))
        expect(snapshot.gas[name]![n], `${name}, n = ${n}`).to.be.within(paid / 1.09, paid)
      }
  })

  it('does not depend on n where proofs bring no list', () => {
    for (const name of ['equivocation', 'amnesia', 'illegalLog, 4 entries', 'forkedLog, 4 entries']) {
      const costs = SIZES.map((n) => snapshot.gas[name]![n]!)
      expect(Math.max(...costs) - Math.min(...costs), name).to.be.lessThan(2000)
    }
  })
})

describe('Penalties and tables', () => {
  it('penalties are what the snapshot says', async () => {
    expect(await penalties(), 'intended? -> npm run gas').to.deep.equal(snapshot.penalties)
  })

  it('a checkpoint costs so much and so much per height: the line of the task table meets one of a single height', () => {
    for (const n of SIZES) {
      const { perCheckpoint, perHeight } = taskCost(snapshot, n)
      const single = snapshot.gas['checkpoint, 1 height, all sign']![n]!
      expect(Math.abs((perCheckpoint + perHeight) / single - 1), `n = ${n}`).to.be.lessThan(0.01)
    }
  })

  it('the tables of the docs are those of the snapshot', () => {
    for (const { file, before, after } of pagesWith(snapshot))
      expect(after === before, `${file.pathname}: npm run gas writes them`).to.equal(true)
  })
})

interface Diff {
  pre: Record<string, { storage?: Record<string, string> }>
  post: Record<string, { storage?: Record<string, string> }>
}

/** Slots that a transaction wrote, as address and slot, and those of them that were empty before. */
async function slotsOf(hash: string): Promise<{ written: string[]; taken: string[] }> {
  const tracer = { tracer: 'prestateTracer', tracerConfig: { diffMode: true } }
  const params = [hash, tracer]
  const diff = (await connection.provider.request({ method: 'debug_traceTransaction', params })) as Diff
  const written = Object.entries(diff.post).flatMap(([address, { storage = {} }]) =>
    Object.keys(storage).map((slot) => ({ address, slot })),
  )
  const taken = written.filter(({ address, slot }) =>
    /^0x0*$/.test(diff.pre[address]?.storage?.[slot] ?? '0x0'),
  )
  const name = ({ address, slot }: { address: string; slot: string }) => `${address} ${slot}`
  return { written: written.map(name), taken: taken.map(name) }
}

describe('A checkpoint in the steady state', () => {
  async function thirtyOne() {
    const w = await deployWorld(connection)
    return { w, actors: await registeredMany(w, 31) }
  }

  it('could be seen to take a slot: a publication does', async () => {
    const w = await deployWorld(connection)
    const { hash } = await w.board.connect(w.client).publish(await taskParams(w))
    expect((await slotsOf(hash)).taken).not.to.be.empty
  })

  it('takes no new storage slot, even if a fee is earned and members are left out of lists', async () => {
    const { w, actors } = await loadFixture(thirtyOne)
    const story = await running(w, actors, { heights: 40, epochHeights: 1, stallBlocks: 300 })
    const slots = new Set<string>()
    for (let i = 0; i < 31; i++) {
      const missing = (i * 7) % 31
      const list = allOf(31) ^ (1n << BigInt(missing)) ^ (1n << BigInt((missing + 11) % 31))
      const heights = story.heights(1).map((height) => ({ ...height, list }))
      const lastBlock = await lastBlockOf(w, story.taskId)
      // the turn passes on every two blocks: everybody gets one
      await mineTo(w, lastBlock + BigInt((i * 2) % 20))
      const { hash } = await story.accept(1, { heights })
      const { written, taken } = await slotsOf(hash)
      expect(taken).to.deep.equal([])
      for (const slot of written) slots.add(slot)
    }
    // root, signers, progress, 3 words of missed counters, 5 words of fee counters
    expect(slots.size).to.equal(11)
    const tally = await w.log.tally(story.taskId)
    expect(tally.missed.reduce((a, b) => a + b)).to.equal(62)
    expect(tally.feeUnits.reduce((a, b) => a + b)).to.equal(31n * 31n)
  })
})
