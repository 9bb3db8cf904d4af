import { expect } from 'chai'
import { network } from 'hardhat'
import { STAKE, WINDOWS, blockNumber, deployWorld, join, mineTo, publish, registeredMany } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LOCK = 777n
/** ⌈777 / 100⌉ */
const BURNT = 8n

async function crowd() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 16)
  const joinDeadline = (await blockNumber(w)) + 100n
  const taskId = await publish(w, { stakePerNode: LOCK, joinDeadline })
  for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
  return { w, actors, taskId, joinDeadline }
}

describe('A late quit', () => {
  it('burns a hundredth of the lock in the last 2 · reorgDepth blocks of sign-up, to the block', async () => {
    const { w, actors, taskId, joinDeadline } = await loadFixture(crowd)
    const [alice, bob] = actors
    const quit = (actor: typeof alice) => w.board.connect(actor!.node).quit(taskId, actor!.keyAddress)
    const last = joinDeadline - 2n * WINDOWS.reorgDepth
    await mineTo(w, last - 1n)
    await expect(quit(alice))
      .to.emit(w.board, 'Left')
      .withArgs(taskId, alice!.keyAddress, alice!.operatorAddress, 0)
    const late = quit(bob)
    await expect(late).to.emit(w.board, 'Left').withArgs(taskId, bob!.keyAddress, bob!.operatorAddress, BURNT)
    await expect(late)
      .to.emit(w.registry, 'StakeSlashed')
      .withArgs(bob!.operatorAddress, taskId, bob!.keyAddress, BURNT)
    const free = async (actor: typeof alice) => (await w.registry.account(actor!.operatorAddress)).free
    expect([await free(alice), await free(bob)]).to.deep.equal([STAKE, STAKE - BURNT])
    expect(await w.registry.burnt()).to.equal(BURNT)
  })

  it('M-4: who fills the list and leaves it in the last blocks pays for every place', async () => {
    const { w, actors, taskId, joinDeadline } = await loadFixture(crowd)
    await mineTo(w, joinDeadline - 12n)
    for (const { node, keyAddress } of actors.slice(4)) await w.board.connect(node).quit(taskId, keyAddress)
    expect(await blockNumber(w)).to.equal(joinDeadline)
    expect(await w.registry.burnt()).to.equal(12n * BURNT)
    expect(await w.token.balanceOf(w.registry)).to.equal(16n * STAKE)
  })

  it('leaves nothing to unlock of a lock of one', async () => {
    const { w, actors } = await loadFixture(crowd)
    const [alice] = actors
    const joinDeadline = (await blockNumber(w)) + 10n
    const taskId = await publish(w, { stakePerNode: 1, joinDeadline })
    await join(w, alice!.operator, taskId, alice!.keyAddress)
    const quit = w.board.connect(alice!.node).quit(taskId, alice!.keyAddress)
    await expect(quit).not.to.emit(w.registry, 'StakeUnlocked')
    expect(await w.registry.lockOf(taskId, alice!.keyAddress)).to.equal(0)
    expect((await w.registry.account(alice!.operatorAddress)).locked).to.equal(LOCK)
    await join(w, alice!.operator, taskId, alice!.keyAddress)
    expect(await w.registry.lockOf(taskId, alice!.keyAddress)).to.equal(1)
  })
})
