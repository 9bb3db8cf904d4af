/** A cluster of 128: the largest drawing, one life, and a proof for every stock twin, each inside one transaction. */
import { expect } from 'chai'
import { dataLength } from 'ethers'
import { network } from 'hardhat'
import { TWINNED_IDS, TWINS } from '../helpers/twin-chain.ts'
import { gasOf } from './cost-of.ts'
import { LOADS } from './cost-twins.ts'
import { proofOf, report } from './evidence.ts'
import { WRONG, accusation, provable } from './provable.ts'
import { WINDOWS, allOf, blockNumber, claimsOpenAt, drawingOf, form, joined, mineTo } from './world.ts'
import { deployWorld, heightOf, publish, registered, registeredMany, stateOf } from './world.ts'
import type { Actor } from './world.ts'

const SEATS = 128
const SIGNUPS = 4 * SEATS
/** The highest that a transaction may have, EIP-7825. */
const GAS_MAX = 2 ** 24
/** What nodes take of a transaction. */
const TRANSACTION_BYTES_MAX = 128 * 1024
const LONG = {
  rewardPerHeight: 1_280n,
  heights: 8n,
  epochHeights: 8n,
  stallBlocks: 8n * BigInt(SEATS),
  endBlock: 1_900n,
}

const connection = await network.create()
const { loadFixture } = connection.networkHelpers

async function everybody() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, SEATS) }
}

/** Parameters of a task whose last block is far enough away from the present one. */
async function long(w: Awaited<ReturnType<typeof everybody>>['w']) {
  return { ...LONG, endBlock: (await blockNumber(w)) + LONG.endBlock }
}

describe('A cluster of 128', () => {
  it('is the largest: no task is published for more', async () => {
    const { w } = await loadFixture(everybody)
    await expect(publish(w, { ...(await long(w)), maxNodes: 129n })).to.be.revertedWithCustomError(
      w.board,
      'OutOfBounds',
    )
    await publish(w, { ...(await long(w)), maxNodes: 128n })
  })

  it('lives: everybody signs, the last seat is convicted and told from its neighbours, all are paid once', async () => {
    const { w, actors } = await loadFixture(everybody)
    const story = await form(w, await joined(w, actors, await long(w)), actors)
    expect(story.members).length(SEATS)
    const { taskId } = story
    const checkpoint = story.next()
    await expect(
      story.attempt({ ...checkpoint, bitmap: checkpoint.bitmap | (1n << 128n) }),
    ).to.be.revertedWithCustomError(w.log, 'StrangerInBitmap')
    const listed = allOf(SEATS) ^ (1n << 127n) ^ (1n << 31n)
    const before = story.root
    await story.accept(1, { heights: [{ ...heightOf(1n), list: listed }] })
    const tally = await w.log.tally(taskId)
    expect(tally.missed.flatMap((missed, i) => (missed === 0n ? [] : [i]))).deep.equal([31, 127])

    for (const member of [127, 31, 62]) await report(w, w.mallory, proofOf(story, member, 'equivocation'))
    await expect(report(w, w.mallory, proofOf(story, 127, 'equivocation'))).to.be.revertedWithCustomError(
      w.board,
      'AlreadyConvicted',
    )
    const convicted = await Promise.all(
      story.members.map(async (_, i) => (await w.board.convictionOf(taskId, i)).percent),
    )
    expect(convicted.flatMap((percent, i) => (percent === 0n ? [] : [i]))).deep.equal([31, 62, 127])

    await w.board.connect(w.client).revoke(taskId)
    await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
    const result = [stateOf(1n), before, heightOf(1n).inputsRoot, listed] as const
    await w.board.connect(w.mallory).finalize(taskId, ...result)
    await mineTo(w, await claimsOpenAt(w, taskId))
    const claimed = async (who: Actor['operator']): Promise<bigint> => {
      const address = await who.getAddress()
      const held = await w.token.balanceOf(address)
      await w.board.connect(who).claim(taskId)
      return (await w.token.balanceOf(address)) - held
    }
    const parts = []
    for (const [i, { operator, keyAddress }] of story.members.entries()) {
      if ([31, 62, 127].includes(i)) {
        await expect(w.board.connect(operator).claim(taskId)).to.be.revertedWithCustomError(
          w.board,
          'NothingToClaim',
        )
      } else {
        if (i % 16 === 0 || i > 120) {
          parts.push(await claimed(operator))
          await expect(w.board.connect(operator).claim(taskId)).to.be.revertedWithCustomError(
            w.board,
            'NothingToClaim',
          )
        }
        await w.board.connect(w.mallory).release(taskId, keyAddress)
      }
    }
    expect(parts.every((part) => part > 0n)).equal(true)
    await claimed(w.client)
    await expect(w.board.connect(w.client).claim(taskId)).to.be.revertedWithCustomError(
      w.board,
      'NothingToClaim',
    )
  }).timeout(600_000)

  it('is drawn from 512 sign-ups within one transaction', async () => {
    const { w, actors } = await loadFixture(everybody)
    const all = [...actors]
    while (all.length < SIGNUPS) all.push(await registered(w, `sign-up ${all.length}`))
    const taskId = await joined(w, all, { ...(await long(w)), maxNodes: BigInt(SEATS) })
    const gas = await gasOf(w.board.connect(w.mallory).form(...(await drawingOf(w, taskId))))
    expect(gas).lessThan(GAS_MAX)
    expect((await w.board.task(taskId)).members).equal(128n)
  }).timeout(900_000)

  for (const reducer of TWINNED_IDS) {
    it(`is convictable of a wrong reduction by ${reducer}, with the largest inputs, within one transaction`, async () => {
      const { w, actors } = await loadFixture(everybody)
      const twin = await (await w.connection.ethers.deployContract(TWINS[reducer])).getAddress()
      const [reducerParams, stateOf] = LOADS[reducer]
      const inputCap = Math.floor((31 * 1024) / SEATS)
      const c = await provable(w, actors, {
        ...(await long(w)),
        twin,
        reducerParams,
        inputCap,
        stateCap: 31 * 1024,
      })
      // one leaves: the twin is asked twice
      const inputs = actors.slice(1).map((_, i) => ({ member: i + 1, eventSeq: 0, state: stateOf(i + 1) }))
      const confirmers = actors.map((_, i) => i)
      const proof = await accusation(c, { ...WRONG, inputs, closing: 0, confirmers })
      const { data } = await w.slasher.getFunction(proof.name).populateTransaction(...proof.args)
      const gas = await gasOf(report(w, w.mallory, proof))
      if (process.env['SHOW']) console.log(reducer, gas, dataLength(data))
      expect(dataLength(data)).lessThan(TRANSACTION_BYTES_MAX)
      expect(gas).lessThan(GAS_MAX)
      expect((await w.board.convictionOf(c.story.taskId, 2)).percent).equal(100n)
    }).timeout(600_000)
  }
})
