import { expect } from 'chai'
import { id } from 'ethers'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { Story, World } from './world.ts'
import { OWN_HEAD, STATUS, WINDOWS, allowed, blockNumber, deployWorld, mineTo } from './world.ts'
import { registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const RUNNING = allowed('Active', 'Finalizing')
const OMITTED = 3
const HEIGHTS = 3

async function four() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 4)
  return { w, actors, story: await running(w, actors, { heights: 16, epochHeights: 4, checkpointFee: 0 }) }
}

/** Three of four have signed three heights. */
async function leftOut() {
  const { w, actors, story } = await loadFixture(four)
  const told = story.copy()
  await told.accept(w.mallory, HEIGHTS, { signers: [0, 1, 2] })
  return { w, actors, story: told }
}

const coSign = (w: World, { taskId }: Story, signature: string, member = OMITTED, note = '0x') =>
  w.log.connect(w.mallory).coSign(taskId, member, OWN_HEAD.logSeq, OWN_HEAD.logHead, note, signature)
const missedBy = async (w: World, { taskId }: Story) => (await w.log.tally(taskId)).missed

describe('coSign', () => {
  it('repairs a signature that was left out, by anyone, once', async () => {
    const { w, story } = await leftOut()
    expect(await missedBy(w, story)).to.deep.equal([0n, 0n, 0n, 3n])
    await expect(coSign(w, story, story.coSignature(OMITTED), OMITTED, '0x0300'))
      .to.emit(w.log, 'CoSigned')
      .withArgs(story.taskId, OMITTED, 3, OWN_HEAD.logSeq, OWN_HEAD.logHead, '0x0300')
    expect(await missedBy(w, story)).to.deep.equal([0n, 0n, 0n, 0n])
    const again = coSign(w, story, story.coSignature(OMITTED))
    await refused(again, w.log, 'NotMissing', story.taskId, OMITTED, 0)
  })

  it('pays the member like the others, and leaves the client the less', async () => {
    const { w, story } = await leftOut()
    await coSign(w, story, story.coSignature(OMITTED))
    await w.board.connect(w.client).revoke(story.taskId)
    await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
    await mineTo(w, (await w.board.claimsOpenAt(story.taskId)) - 1n)
    for (const { operator, operatorAddress } of story.members) {
      const claim = w.board.connect(operator).claim(story.taskId)
      const earned = (42n * BigInt(HEIGHTS)) / 4n
      await expect(claim).to.changeTokenBalance(connection.ethers, w.token, operatorAddress, earned)
    }
  })

  it('refuses who signed already, who has no seat, and tasks without a checkpoint or a cluster', async () => {
    const { w, actors, story } = await leftOut()
    const missing = 1n << BigInt(OMITTED)
    for (const member of [0, 4, 31, 32, 255]) {
      const call = coSign(w, story, story.coSignature(0), member)
      await refused(call, w.log, 'NotMissing', story.taskId, member, missing)
    }
    const fresh = await running(w, actors, { heights: 16 })
    await refused(coSign(w, fresh, fresh.coSignature(OMITTED)), w.log, 'NotMissing', fresh.taskId, OMITTED, 0)
    const elsewhere = Object.assign(story.copy(), { taskId: 99n })
    const nowhere = coSign(w, elsewhere, story.coSignature(OMITTED))
    await refused(nowhere, w.log, 'NotOpen', 99)
  })

  it('refuses signatures of others, and over anything else', async () => {
    const { w, story } = await leftOut()
    const spoilt = [
      { height: 2n },
      { root: id('another root') },
      { cluster: id('another cluster') },
      { logSeq: 10n },
    ]
    for (const said of spoilt) {
      const call = coSign(w, story, story.coSignature(OMITTED, said))
      await expect(call).to.be.revertedWithCustomError(w.log, 'BadSignature')
    }
    for (const signature of [
      story.coSignature(0),
      '0x',
      `0x${'00'.repeat(65)}`,
      story.coSignature(OMITTED).slice(0, -2),
    ])
      await expect(coSign(w, story, signature)).to.be.revertedWithCustomError(w.log, 'BadSignature')
    const long = coSign(w, story, story.coSignature(OMITTED), OMITTED, `0x${'00'.repeat(31 * 1024 + 1)}`)
    await expect(long).to.be.revertedWithCustomError(w.log, 'OutOfBounds')
    expect(await missedBy(w, story)).to.deep.equal([0n, 0n, 0n, 3n])
  })

  it('comes too late after the next checkpoint, which has counters of its own', async () => {
    const { w, story } = await leftOut()
    const late = story.coSignature(OMITTED)
    await story.accept(w.mallory, 1, { signers: [0, 2, 3] })
    await refused(coSign(w, story, late), w.log, 'NotMissing', story.taskId, OMITTED, 1n << 1n)
    await coSign(w, story, story.coSignature(1), 1)
    expect(await missedBy(w, story)).to.deep.equal([0n, 0n, 0n, 3n])
  })

  it('works in the grace, and no longer', async () => {
    const { w, story } = await leftOut()
    await w.board.connect(w.client).revoke(story.taskId)
    const closes = (await blockNumber(w)) + WINDOWS.closeGrace
    await mineTo(w, closes - 2n)
    const snapshot = await connection.networkHelpers.takeSnapshot()
    await coSign(w, story, story.coSignature(OMITTED))
    await snapshot.restore()
    await mineTo(w, closes - 1n)
    const late = coSign(w, story, story.coSignature(OMITTED))
    await refused(late, w.log, 'StatusNotAllowed', story.taskId, STATUS.Closed, RUNNING)
  })
})
