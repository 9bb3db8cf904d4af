/** What a sign-up agrees to: another client, another number, another twin is another hash. */
import { expect } from 'chai'
import { id } from 'ethers'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { World } from './world.ts'
import { deployWorld, join, newActor, publish, registered, taskParams, termsOf } from './world.ts'

const connection = await network.create()
const { loadFixture, takeSnapshot } = connection.networkHelpers

async function people() {
  const w = await deployWorld(connection)
  return { w, alice: await registered(w, 'alice'), denied: (await newActor(w, 'denied')).operator }
}

/** The same parameters by another client, who has tokens. */
async function copied(w: World, denied: World['client'], params: Awaited<ReturnType<typeof taskParams>>) {
  await w.token.connect(denied).approve(w.board, 10n ** 12n)
  await w.board.connect(denied).publish(params)
  return w.board.tasks()
}

describe('join', () => {
  it('C-1: is bound to the client: one who copies the parameters has another hash', async () => {
    const { w, alice, denied } = await loadFixture(people)
    const params = await taskParams(w)
    await w.board.connect(w.client).publish(params)
    const [first, second] = [await w.board.tasks(), await copied(w, denied, params)]
    const [agreed, other] = [await termsOf(w, first), await termsOf(w, second)]
    expect((await w.board.task(first)).paramsHash).equal((await w.board.task(second)).paramsHash)
    const call = w.board.connect(alice.node).join(second, alice.keyAddress, agreed)
    await refused(call, w.board, 'OtherTerms', second, agreed, other)
  })

  it('C-1: is bound to the task: a number that a re-organisation gave to somebody else has another hash', async () => {
    const { w, alice, denied } = await loadFixture(people)
    const params = await taskParams(w)
    const before = await takeSnapshot()
    await w.board.connect(w.client).publish(params)
    const taskId = await w.board.tasks()
    const agreed = await termsOf(w, taskId)
    await before.restore()
    const stolen = await copied(w, denied, params)
    expect(stolen).equal(taskId)
    const call = w.board.connect(alice.node).join(taskId, alice.keyAddress, agreed)
    await refused(call, w.board, 'OtherTerms', taskId, agreed, await termsOf(w, taskId))
    await join(w, alice.node, taskId, alice.keyAddress)
  })

  it('C-1: is bound to the twin’s code as it was at publish, and to nothing that anybody invents', async () => {
    const { w, alice } = await loadFixture(people)
    const twin = await (await connection.ethers.deployContract('TestTwin')).getAddress()
    const taskId = await publish(w, { twin })
    const agreed = await termsOf(w, taskId)
    const invented = w.board.connect(alice.node).join(taskId, alice.keyAddress, id('terms'))
    await refused(invented, w.board, 'OtherTerms', taskId, id('terms'), agreed)
    const { twinCodeHash } = await w.board.reductionOf(taskId)
    expect(twinCodeHash).not.equal(`0x${'00'.repeat(32)}`)
    await connection.networkHelpers.setCode(twin, '0x00')
    expect(await termsOf(w, taskId)).equal(agreed)
    await join(w, alice.node, taskId, alice.keyAddress)
  })
})
