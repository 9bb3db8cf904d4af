import { expect } from 'chai'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { Actor, World } from './world.ts'
import {
  allOf,
  allowed,
  blockNumber,
  deployWorld,
  form,
  heightOf,
  join,
  STAKE,
  STATUS,
  WINDOWS,
  claimsOpenAt,
  standingOf,
} from './world.ts'
import { drawingOf, joined, mineTo, publish, registeredMany, running, stateOf } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const CLAIMABLE = allowed('Closed', 'NoQuorum', 'Expired')
const REVOCABLE = allowed('Open', 'Active')
const REWARD = 42n
const STALL = 400n

async function seven() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 7) }
}

const revoke = (w: World, taskId: bigint, by = w.client) => w.board.connect(by).revoke(taskId)
const claim = (w: World, taskId: bigint, by = w.client) => w.board.connect(by).claim(taskId)
const escrowOf = async (w: World, taskId: bigint) => (await w.board.task(taskId)).escrow
const revokedAt = async (w: World, taskId: bigint) => (await w.board.task(taskId)).revokedBlock
const deadlineOf = async (w: World, taskId: bigint) => {
  const [published] = await w.board.queryFilter(w.board.filters.TaskPublished(taskId))
  return published!.args.params.joinDeadline
}

async function expectStatus(w: World, taskId: bigint, name: keyof typeof STATUS, closedAt: bigint) {
  expect(await standingOf(w, taskId)).to.deep.equal([STATUS[name], closedAt])
}

/** Everything is where it came from, but what was paid to members. */
async function expectAllBack(w: World, taskId: bigint, actors: readonly Actor[]): Promise<void> {
  for (const { keyAddress, operatorAddress } of actors) {
    if ((await w.registry.lockOf(taskId, keyAddress)) > 0n) await w.board.release(taskId, keyAddress)
    expect(await w.registry.account(operatorAddress)).to.deep.equal([STAKE, 0n, 0n, 0n, 0n, 0n])
  }
  expect(await w.token.balanceOf(w.board)).to.equal(0)
}

describe('revoke', () => {
  it('is the client’s alone', async () => {
    const { w, actors } = await loadFixture(seven)
    const open = await publish(w)
    const { taskId } = await running(w, actors)
    for (const task of [open, taskId])
      for (const by of [w.mallory, actors[0]!.operator, actors[0]!.node])
        await refused(revoke(w, task, by), w.board, 'NotAllowed', await by.getAddress(), w.client)
    await refused(revoke(w, 99n), w.board, 'StatusNotAllowed', 99, STATUS.None, REVOCABLE)
    await refused(w.log.connect(w.client).end(taskId), w.log, 'NotAllowed', w.client, w.board)
  })

  describe('while sign-up is open', () => {
    it('ends the task at once: all escrow, every lock back', async () => {
      const { w, actors } = await loadFixture(seven)
      const taskId = await publish(w, { maxNodes: 7 })
      for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
      await expect(revoke(w, taskId)).to.emit(w.board, 'TaskRevoked').withArgs(taskId)
      const now = await blockNumber(w)
      expect(await revokedAt(w, taskId)).to.equal(now)
      await expectStatus(w, taskId, 'Expired', now)
      expect(await claimsOpenAt(w, taskId)).to.equal(now)
      const { node, keyAddress } = actors[0]!
      const open = allowed('Open')
      for (const call of [
        () => w.board.connect(node).quit(taskId, keyAddress),
        () => join(w, node, taskId, keyAddress),
        async () => w.board.form(...(await drawingOf(w, taskId))),
      ])
        await refused(call(), w.board, 'StatusNotAllowed', taskId, STATUS.Expired, open)
      await refused(revoke(w, taskId), w.board, 'StatusNotAllowed', taskId, STATUS.Expired, REVOCABLE)
      const escrow = await escrowOf(w, taskId)
      await expect(claim(w, taskId)).to.changeTokenBalance(connection.ethers, w.token, w.client, escrow)
      await expectAllBack(w, taskId, actors)
      await expectStatus(w, taskId, 'Expired', now)
    })

    it('works up to the deadline, to the block', async () => {
      const { w } = await loadFixture(seven)
      const taskId = await publish(w)
      const deadline = await deadlineOf(w, taskId)
      await mineTo(w, deadline - 1n)
      await revoke(w, taskId)
      await expectStatus(w, taskId, 'Expired', deadline)
    })

    it('is refused when the task has expired by itself', async () => {
      const { w, actors } = await loadFixture(seven)
      const taskId = await joined(w, actors.slice(0, 3), { maxNodes: 4 })
      await refused(revoke(w, taskId), w.board, 'StatusNotAllowed', taskId, STATUS.Expired, REVOCABLE)
    })
  })

  describe('between sign-up and drawing', () => {
    const revokedOpen = async () => {
      const { w, actors } = await loadFixture(seven)
      const taskId = await joined(w, actors)
      await revoke(w, taskId)
      return { w, actors, taskId, at: await blockNumber(w) }
    }

    it('begins with the block after the deadline', async () => {
      const { w, actors } = await loadFixture(seven)
      const taskId = await publish(w, { maxNodes: 7 })
      for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
      const deadline = await deadlineOf(w, taskId)
      await mineTo(w, deadline)
      await revoke(w, taskId)
      await expectStatus(w, taskId, 'Open', 0n)
      await mineTo(w, deadline + WINDOWS.reorgDepth)
      await form(w, taskId, actors)
    })

    it('counts once', async () => {
      const { w, taskId, at } = await revokedOpen()
      await refused(revoke(w, taskId), w.board, 'AlreadyRevoked', taskId, at)
      expect(await revokedAt(w, taskId)).to.equal(at)
    })

    it('L-discard: leaves the drawing, and pays who is drawn one height for nothing', async () => {
      const { w, actors, taskId } = await revokedOpen()
      const escrow = await escrowOf(w, taskId)
      const story = await form(w, taskId, actors)
      const drawn = await blockNumber(w)
      await expectStatus(w, taskId, 'Finalizing', 0n)
      const late = story.accept()
      await refused(late, w.log, 'BeyondLimit', 1, 0)
      const again = revoke(w, taskId)
      await refused(again, w.board, 'StatusNotAllowed', taskId, STATUS.Finalizing, REVOCABLE)
      const result = w.board.finalize(taskId, stateOf(1n), story.root, story.root, 0)
      await refused(result, w.board, 'NothingDecided', taskId)
      await mineTo(w, drawn + WINDOWS.closeGrace)
      await expectStatus(w, taskId, 'Closed', drawn + WINDOWS.closeGrace)
      await mineTo(w, (await claimsOpenAt(w, taskId)) - 1n)
      for (const { operator, operatorAddress } of story.members)
        await expect(claim(w, taskId, operator)).to.changeTokenBalance(
          connection.ethers,
          w.token,
          operatorAddress,
          REWARD / 7n,
        )
      const rest = escrow - REWARD
      await expect(claim(w, taskId)).to.changeTokenBalance(connection.ethers, w.token, w.client, rest)
      await expectAllBack(w, taskId, actors)
    })

    it('returns everything if nobody draws', async () => {
      const { w, actors, taskId } = await revokedOpen()
      const closedAt = (await deadlineOf(w, taskId)) + WINDOWS.reorgDepth + 257n
      await refused(claim(w, taskId), w.board, 'StatusNotAllowed', taskId, STATUS.Open, CLAIMABLE)
      await mineTo(w, closedAt - 1n)
      const escrow = await escrowOf(w, taskId)
      await expect(claim(w, taskId)).to.changeTokenBalance(connection.ethers, w.token, w.client, escrow)
      await expectStatus(w, taskId, 'Expired', closedAt)
      await expectAllBack(w, taskId, actors)
    })
  })

  describe('while the cluster works', () => {
    it('is the end of the task: late heights within the grace are paid, later ones are not', async () => {
      const { w, actors } = await loadFixture(seven)
      const story = await running(w, actors, { heights: 64, epochHeights: 4, checkpointFee: 0 })
      const { taskId } = story
      await story.accept(4)
      await revoke(w, taskId)
      const c = await blockNumber(w)
      await expectStatus(w, taskId, 'Finalizing', 0n)
      expect(await w.log.limitOf(taskId)).to.equal(8)
      await refused(revoke(w, taskId), w.board, 'StatusNotAllowed', taskId, STATUS.Finalizing, REVOCABLE)
      await story.accept(3)
      const { root } = story
      await story.accept()
      await refused(story.accept(), w.log, 'BeyondLimit', 9, 8)
      await mineTo(w, c + WINDOWS.closeGrace)
      await expectStatus(w, taskId, 'Closed', c + WINDOWS.closeGrace)
      await w.board.finalize(taskId, stateOf(8n), root, heightOf(8n).inputsRoot, allOf(story.members.length))
      await mineTo(w, (await claimsOpenAt(w, taskId)) - 1n)
      const escrow = await escrowOf(w, taskId)
      for (const { operator, operatorAddress } of story.members)
        await expect(claim(w, taskId, operator)).to.changeTokenBalance(
          connection.ethers,
          w.token,
          operatorAddress,
          (8n * REWARD) / 7n,
        )
      const rest = escrow - 8n * REWARD
      await expect(claim(w, taskId)).to.changeTokenBalance(connection.ethers, w.token, w.client, rest)
      await expectAllBack(w, taskId, actors)
    })

    it('in the block of the drawing is after it, not before', async () => {
      const { w, actors } = await loadFixture(seven)
      const taskId = await joined(w, actors)
      const { networkHelpers, ethers } = connection
      await ethers.provider.send('evm_setAutomine', [false])
      await w.board.connect(w.mallory).form(...(await drawingOf(w, taskId)), { gasLimit: 3_000_000n })
      await revoke(w, taskId)
      await networkHelpers.mine(1)
      await ethers.provider.send('evm_setAutomine', [true])
      const { formBlock, revokedBlock } = await w.board.task(taskId)
      expect(formBlock).to.equal(revokedBlock)
      await expectStatus(w, taskId, 'Finalizing', 0n)
      expect(await w.log.limitOf(taskId)).to.equal(32)
    })

    it('is refused once the cluster has fallen silent for too long, and not a block before', async () => {
      const { w, actors } = await loadFixture(seven)
      const { taskId } = await running(w, actors)
      const stall = (await blockNumber(w)) + STALL
      await mineTo(w, stall)
      await refused(revoke(w, taskId), w.board, 'StatusNotAllowed', taskId, STATUS.NoQuorum, REVOCABLE)
      const other = await running(w, actors)
      await mineTo(w, (await blockNumber(w)) + STALL - 1n)
      await revoke(w, other.taskId)
      const c = await blockNumber(w)
      await mineTo(w, c + WINDOWS.closeGrace)
      await expectStatus(w, other.taskId, 'Closed', c + WINDOWS.closeGrace)
    })

    it('is refused after the last height', async () => {
      const { w, actors } = await loadFixture(seven)
      const story = await running(w, actors, { heights: 1 })
      await story.accept()
      const call = revoke(w, story.taskId)
      await refused(call, w.board, 'StatusNotAllowed', story.taskId, STATUS.Finalizing, REVOCABLE)
    })
  })
})
