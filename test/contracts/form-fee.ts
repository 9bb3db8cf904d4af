/** Who draws a cluster is paid for its gas out of the escrow. */
import { expect } from 'chai'
import type { Signer } from 'ethers'
import { network } from 'hardhat'
import { gasOf } from './cost-of.ts'
import { proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import type { Actor, World } from './world.ts'
import {
  STATUS,
  WINDOWS,
  allowed,
  blockNumber,
  claimsOpenAt,
  deployWorld,
  drawingOf,
  form,
  join,
  joined,
  mineTo,
  newActor,
  NOBODY,
  publish,
  registered,
  registeredMany,
  taskParams,
} from './world.ts'

const connection = await network.create()
const { ethers } = connection
const { loadFixture } = connection.networkHelpers
const PRICE = 3n
const [REWARD, FEE] = [42n, 9n]

/** As ITaskBoard says it. */
const feeOf = (signups: number, seats: number): bigint =>
  PRICE * (320_000n + 8_600n * BigInt(signups) + 18_600n * BigInt(seats))

async function seven() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 7) }
}

const paid = (w: World, actors: readonly Actor[], changes = {}): Promise<bigint> =>
  joined(w, actors, { formGasPrice: PRICE, ...changes })
const draw = async (w: World, by: Signer, taskId: bigint) =>
  w.board.connect(by).form(...(await drawingOf(w, taskId)))
const claim = (w: World, by: Signer, taskId: bigint) => w.board.connect(by).claim(taskId)
const escrowOf = async (w: World, taskId: bigint) => (await w.board.task(taskId)).escrow

/** Revokes a drawn task and mines until claims are open. */
async function over(w: World, taskId: bigint): Promise<void> {
  await w.board.connect(w.client).revoke(taskId)
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  await mineTo(w, (await claimsOpenAt(w, taskId)) - 1n)
}

async function expectPaid(w: World, taskId: bigint, by: Signer, former: string, to: string, amount: bigint) {
  const call = claim(w, by, taskId)
  await expect(call).to.emit(w.board, 'FormFeePaid').withArgs(taskId, former, to, amount)
  await expect(call).to.changeTokenBalance(ethers, w.token, to, amount)
}

describe('The fee for drawing a cluster', () => {
  it('is in the escrow: for all seats, from a full list', async () => {
    const { w } = await loadFixture(seven)
    const without = await escrowOf(w, await publish(w, { maxNodes: 7 }))
    const taskId = await publish(w, { maxNodes: 7, formGasPrice: PRICE })
    expect((await escrowOf(w, taskId)) - without).to.equal(feeOf(28, 7))
    const { former, formFee } = await w.board.task(taskId)
    expect([former, formFee]).to.deep.equal([NOBODY, 0n])
  })

  it('does not overflow: the highest price with the highest reward is refused by name', async () => {
    const { w } = await loadFixture(seven)
    const params = await taskParams(w, { formGasPrice: 2n ** 64n - 1n, rewardPerHeight: 2n ** 122n })
    await expect(w.board.connect(w.client).publish(params)).to.be.revertedWithCustomError(
      w.board,
      'OutOfBounds',
    )
  })

  it('is earned by a stranger for itself, by sign-ups and seats', async () => {
    const { w, actors } = await loadFixture(seven)
    const stranger = await w.mallory.getAddress()
    for (const [signups, seats] of [
      [7, 7],
      [7, 5],
      [4, 7],
    ] as const) {
      const taskId = await paid(w, actors.slice(0, signups), { maxNodes: seats })
      const fee = feeOf(signups, Math.min(signups, seats))
      await expect(draw(w, w.mallory, taskId))
        .to.emit(w.board, 'FormFeeEarned')
        .withArgs(taskId, stranger, fee)
      const { former, formFee } = await w.board.task(taskId)
      expect([former, formFee]).to.deep.equal([stranger, fee])
      await over(w, taskId)
      await expectPaid(w, taskId, w.mallory, stranger, stranger, fee)
      await refused(claim(w, w.mallory, taskId), w.board, 'NothingToClaim', taskId, stranger)
    }
  })

  it('is earned by a signing key for its operator, and paid at the payout address', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await paid(w, actors)
    const [{ node, operator, operatorAddress }] = actors as [Actor]
    const payout = await w.mallory.getAddress()
    await w.registry.connect(operator).setPayout(payout)
    await draw(w, node, taskId)
    await over(w, taskId)
    await refused(claim(w, node, taskId), w.board, 'NothingToClaim', taskId, await node.getAddress())
    await expectPaid(w, taskId, operator, operatorAddress, payout, feeOf(7, 7))
  })

  it('belongs to the account, not to the address that opened it', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await paid(w, actors)
    const [{ operator, operatorAddress }] = actors as [Actor]
    await draw(w, operator, taskId)
    const { mallory: newWallet } = w
    await w.registry.connect(operator).offerAccount(newWallet)
    await w.registry.connect(newWallet).acceptAccount(operatorAddress)
    await over(w, taskId)
    await refused(claim(w, operator, taskId), w.board, 'NothingToClaim', taskId, operatorAddress)
    await expectPaid(w, taskId, newWallet, operatorAddress, await newWallet.getAddress(), feeOf(7, 7))
  })

  it('is not lost to a stranger that opens an account or takes one over later', async () => {
    const { w, actors } = await loadFixture(seven)
    const opener = await newActor(w, 'opener')
    const first = await paid(w, actors)
    await draw(w, opener.operator, first)
    const second = await paid(w, actors)
    await draw(w, w.mallory, second)
    await w.registry.connect(opener.operator).addStake(1)
    const [{ operator, operatorAddress }] = actors as [Actor]
    await w.registry.connect(operator).offerAccount(w.mallory)
    await w.registry.connect(w.mallory).acceptAccount(operatorAddress)
    await over(w, first)
    await over(w, second)
    const [own, wallet] = [opener.operatorAddress, await w.mallory.getAddress()]
    await expectPaid(w, first, opener.operator, own, own, feeOf(7, 7))
    await expectPaid(w, second, w.mallory, wallet, wallet, feeOf(7, 7))
  })

  it('is paid to a client that draws, beside what it did not spend', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await paid(w, actors)
    await draw(w, w.client, taskId)
    await over(w, taskId)
    const client = await w.client.getAddress()
    const escrow = await escrowOf(w, taskId)
    const all = claim(w, w.client, taskId)
    await expect(all)
      .to.emit(w.board, 'Refunded')
      .withArgs(taskId, client, escrow - feeOf(7, 7))
    await expect(all).to.changeTokenBalance(ethers, w.token, client, escrow)
  })

  it('is no reward of a seat: a member that is convicted later keeps it', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await form(w, await paid(w, actors), actors, undefined, actors[0]!.node)
    const { operator, operatorAddress, keyAddress } = actors[0]!
    const seat = story.members.findIndex((member) => member.keyAddress === keyAddress)
    await story.accept(5)
    await report(w, w.mallory, proofOf(story, seat, 'equivocation'))
    await over(w, story.taskId)
    const call = claim(w, operator, story.taskId)
    await expect(call).not.to.emit(w.board, 'Claimed')
    await expect(call).to.changeTokenBalance(ethers, w.token, operatorAddress, feeOf(7, 7))
  })

  it('returns to the client if nobody draws: revoked, too few sign-ups, too late', async () => {
    const { w, actors } = await loadFixture(seven)
    const revoked = await publish(w, { maxNodes: 7, formGasPrice: PRICE })
    await w.board.connect(w.client).revoke(revoked)
    const few = await paid(w, actors.slice(0, 3), { maxNodes: 7 })
    const late = await paid(w, actors)
    await mineTo(w, (await blockNumber(w)) + 257n)
    for (const taskId of [revoked, few, late]) {
      expect((await w.board.statusOf(taskId)).status).to.equal(STATUS.Expired)
      const escrow = await escrowOf(w, taskId)
      await expect(claim(w, w.client, taskId)).to.changeTokenBalance(ethers, w.token, w.client, escrow)
    }
    expect(await w.token.balanceOf(w.board)).to.equal(0)
  })

  it('is spent by a client that revokes before the drawing, if somebody still draws', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await paid(w, actors)
    await w.board.connect(w.client).revoke(taskId)
    await draw(w, w.mallory, taskId)
    await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
    await mineTo(w, (await claimsOpenAt(w, taskId)) - 1n)
    const rest = (await escrowOf(w, taskId)) - REWARD - feeOf(7, 7)
    await expect(claim(w, w.client, taskId)).to.changeTokenBalance(ethers, w.token, w.client, rest)
  })

  it('leaves the board solvent to the wei, whoever claims first', async () => {
    const { w, actors } = await loadFixture(seven)
    for (const clientFirst of [true, false]) {
      const burntBefore = await w.board.burnt()
      const story = await form(w, await paid(w, actors, { heights: 10, epochHeights: 5 }), actors)
      const { taskId } = story
      await story.accept(5, { signers: [0, 1, 2, 3, 4, 5] })
      await over(w, taskId)
      const claimants = [...actors.map(({ operator }) => operator), w.mallory]
      if (clientFirst) claimants.unshift(w.client)
      else claimants.push(w.client)
      for (const by of claimants) await claim(w, by, taskId)
      const spent = 5n * REWARD + FEE
      const burnt = (await w.board.burnt()) - burntBefore
      expect(burnt).to.equal(spent - 7n * ((5n * REWARD) / 7n) - (FEE * 6n) / 7n)
      expect(await w.token.balanceOf(w.board)).to.equal(await w.board.burnt())
    }
  })

  it('is nothing where the task pays no price, and nobody is noted', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await joined(w, actors)
    await expect(draw(w, w.mallory, taskId)).not.to.emit(w.board, 'FormFeeEarned')
    expect((await w.board.task(taskId)).former).to.equal(NOBODY)
    await over(w, taskId)
    await claim(w, w.client, taskId)
    await refused(claim(w, w.mallory, taskId), w.board, 'NothingToClaim', taskId, w.mallory)
  })

  it('costs who comes second a refused call and changes no seat', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await paid(w, actors)
    const drawing = await drawingOf(w, taskId)
    const before = await connection.networkHelpers.takeSnapshot()
    const full = await gasOf(w.board.connect(actors[0]!.node).form(...drawing))
    const [own] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
    await before.restore()
    await w.board.connect(w.mallory).form(...drawing)
    const [copied] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
    expect(copied!.args.cluster).to.equal(own!.args.cluster)
    const late = w.board.connect(actors[0]!.node)
    await refused(late.form(...drawing), w.board, 'StatusNotAllowed', taskId, STATUS.Active, allowed('Open'))
    await ethers.provider.send('evm_setAutomine', [false])
    const sent = await late.form(...drawing, { gasLimit: 1_000_000n })
    await connection.networkHelpers.mine(1)
    await ethers.provider.send('evm_setAutomine', [true])
    const receipt = await ethers.provider.getTransactionReceipt(sent.hash)
    expect(receipt!.status).to.equal(0)
    expect(Number(receipt!.gasUsed)).to.be.lessThan(full / 5)
  })

  it('pays no one for filling the list: a sign-up costs many times what it adds', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await publish(w, { maxNodes: 7, formGasPrice: PRICE })
    const filler = await registered(w, 'filler')
    const joining = await gasOf(join(w, filler.node, taskId, filler.keyAddress))
    const added = Number((feeOf(28, 7) - feeOf(27, 7)) / PRICE)
    expect(joining).to.be.greaterThan(15 * added)
    expect(actors).length(7)
  })
})
