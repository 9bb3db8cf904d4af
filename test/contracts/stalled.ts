import { expect } from 'chai'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import {
  blockNumber,
  claimsOpenAt,
  deployWorld,
  joined,
  mineTo,
  registeredMany,
  STAKE,
  standingOf,
  STATUS,
} from './world.ts'
import { allowed, drawingOf } from './world.ts'

const connection = await network.create()

/** What members do whose reducer has no state for any list: they vote NIL, so no checkpoint ever comes. */
describe('a task in which nothing is decided', () => {
  it('ends within its stall time: the client has the escrow back but for the drawing, members have their stake', async () => {
    const w = await deployWorld(connection)
    const actors = await registeredMany(w, 4)
    const client = await w.client.getAddress()
    const before = await w.token.balanceOf(client)
    const taskId = await joined(w, actors, { stallBlocks: 64 })
    const paidIn = before - (await w.token.balanceOf(client))
    expect(paidIn).to.be.above(0n)
    await w.board.connect(w.mallory).form(...(await drawingOf(w, taskId)))
    const { escrow } = await w.board.task(taskId)
    const drawn = await blockNumber(w)
    await mineTo(w, drawn + 63n)
    expect(await standingOf(w, taskId)).to.deep.equal([STATUS.Active, 0n])
    const claim = w.board.connect(w.client).claim(taskId)
    const over = allowed('Closed', 'NoQuorum', 'Expired')
    await refused(claim, w.board, 'StatusNotAllowed', taskId, STATUS.Active, over)
    await mineTo(w, drawn + 65n)
    expect(await standingOf(w, taskId)).to.deep.equal([STATUS.NoQuorum, drawn + 64n])
    await mineTo(w, await claimsOpenAt(w, taskId))
    await w.board.connect(w.client).claim(taskId)
    expect(before - (await w.token.balanceOf(client))).to.equal(paidIn - escrow)
    for (const { keyAddress, operatorAddress } of actors) {
      if ((await w.registry.lockOf(taskId, keyAddress)) > 0n) await w.board.release(taskId, keyAddress)
      expect(await w.registry.account(operatorAddress)).to.deep.equal([STAKE, 0n, 0n, 0n, 0n, 0n])
    }
    expect(await w.token.balanceOf(w.board)).to.equal(0)
  })
})
