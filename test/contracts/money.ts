import { expect } from 'chai'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { Actor, Story, World } from './world.ts'
import {
  STAKE,
  STATUS,
  UNBONDING_BLOCKS,
  WINDOWS,
  anyTime,
  allowed,
  blockNumber,
  deployWorld,
  joined,
  claimsOpenAt,
} from './world.ts'
import { NOBODY, drawingOf, mineTo, registered, registeredMany, running, taskParams } from './world.ts'
import { id } from 'ethers'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LOCK = 100n
const OVER_OR_EXPIRED = allowed('Closed', 'NoQuorum', 'Expired')

async function seven() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 7) }
}

/** Σ free + locked + unbonding of the operators: all that the registry owes. */
async function owedByRegistry(w: World, actors: readonly Actor[]): Promise<bigint> {
  let sum = 0n
  for (const operator of new Set(actors.map((a) => a.operatorAddress))) {
    const { free, locked, unbonding } = await w.registry.account(operator)
    sum += free + locked + unbonding
  }
  return sum
}

/** The registry holds what it owes, and the board holds `escrow`. */
async function expectConserved(w: World, actors: readonly Actor[], escrow: bigint): Promise<void> {
  expect(await w.token.balanceOf(w.registry)).to.equal(await owedByRegistry(w, actors))
  expect(await w.token.balanceOf(w.board)).to.equal(escrow)
}

const escrowOf = async (w: World, taskId: bigint) => (await w.board.task(taskId)).escrow

async function mineToClaims(w: World, taskId: bigint): Promise<void> {
  await mineTo(w, (await claimsOpenAt(w, taskId)) - 1n)
}

/** Ends a task by its last height. */
async function complete(w: World, story: Story): Promise<void> {
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  expect((await w.board.statusOf(story.taskId)).status).to.equal(STATUS.Closed)
}

describe('Money', () => {
  it('flows from publish to claim and release: rewards, fee, remainder, stake', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await running(w, actors, { heights: 10, epochHeights: 5 })
    const { taskId } = story
    const escrow = await escrowOf(w, taskId)
    await expectConserved(w, actors, escrow)
    const first = await story.turn()
    const withoutGrace = story.heights(5).map((height) => ({ ...height, list: 0b0111111n }))
    await story.accept(5, { signers: [0, 1, 2, 3, 4, 5], heights: withoutGrace })
    const second = await story.turn()
    await story.accept(5)
    await complete(w, story)
    await mineToClaims(w, taskId)

    // ten rewards of 42 and two fees of 9 are spent
    const spent = 10n * 42n + 2n * 9n
    const lost = spent - (5n * 6n * 6n + (9n * 6n) / 7n) - (5n * 7n * 6n + (9n * 7n) / 7n)
    let paid = lost
    for (const [i, member] of story.members.entries()) {
      const heights = i === 6 ? 5n : 10n
      const reward = (42n * heights * 1n) / 7n
      const fees = (i === first ? (9n * 6n) / 7n : 0n) + (i === second ? (9n * 7n) / 7n : 0n)
      const sameTwice = first === second && i === first
      const amount = reward + (sameTwice ? (9n * 13n) / 7n : fees)
      const claim = w.board.connect(member.operator).claim(taskId)
      const to = member.operatorAddress
      await expect(claim).to.emit(w.board, 'Claimed').withArgs(taskId, to, to, amount)
      await expect(claim).to.changeTokenBalance(connection.ethers, w.token, member.operatorAddress, amount)
      if (i === 0) await expect(claim).to.emit(w.board, 'Burnt').withArgs(taskId, lost)
      expect(await w.board.burnt()).to.equal(lost)
      const again = w.board.connect(member.operator).claim(taskId)
      await refused(again, w.board, 'NothingToClaim', taskId, member.operatorAddress)
      paid += amount
      await expectConserved(w, actors, escrow - paid + lost)
    }
    expect(escrow - paid).to.equal(escrow - spent)
    const client = w.board.connect(w.client).claim(taskId)
    await expect(client)
      .to.emit(w.board, 'Refunded')
      .withArgs(taskId, w.client, escrow - spent)
    await expect(client).to.changeTokenBalance(connection.ethers, w.token, w.client, escrow - spent)
    await refused(w.board.connect(w.client).claim(taskId), w.board, 'NothingToClaim', taskId, w.client)
    for (const member of actors) {
      const release = w.board.connect(w.mallory).release(taskId, member.keyAddress)
      await expect(release)
        .to.emit(w.board, 'Released')
        .withArgs(taskId, member.keyAddress, member.operatorAddress, 100)
      expect(await w.registry.account(member.operatorAddress)).to.deep.equal([STAKE, 0n, 0n, 0n, 0n, 0n])
      const again = w.board.release(taskId, member.keyAddress)
      await refused(again, w.registry, 'NotLocked', taskId, member.keyAddress)
    }
    await expectConserved(w, actors, lost)
  })

  it('pays the client first as well as last', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await running(w, actors, { heights: 2, epochHeights: 1 })
    await story.accept()
    await w.board.connect(w.client).revoke(story.taskId)
    await complete(w, story)
    await mineToClaims(w, story.taskId)
    // one height and one fee are spent, of two and two
    expect(await escrowOf(w, story.taskId)).to.equal(102n)
    await w.board.connect(w.client).claim(story.taskId)
    await expectConserved(w, actors, 51n)
    for (const { operator } of story.members) await w.board.connect(operator).claim(story.taskId)
    await expectConserved(w, actors, 0n)
  })

  it('rounds against the members, in favour of what is burnt', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await running(w, actors, { heights: 1, rewardPerHeight: 48, checkpointFee: 0 })
    await story.accept()
    await complete(w, story)
    await mineToClaims(w, story.taskId)
    const [member] = story.members
    const claim = w.board.connect(member!.operator).claim(story.taskId)
    await expect(claim).to.changeTokenBalance(connection.ethers, w.token, member!.operatorAddress, 6)
    expect(await w.board.burnt()).to.equal(6)
    const client = w.board.connect(w.client).claim(story.taskId)
    await refused(client, w.board, 'NothingToClaim', story.taskId, w.client)
  })

  it('refuses claims and seats before the evidence window is over, to the block', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await running(w, actors, { heights: 1 })
    const { taskId } = story
    const [member] = story.members
    const claim = () => w.board.connect(member!.operator).claim(taskId)
    const release = () => w.board.release(taskId, member!.keyAddress)
    await refused(claim(), w.board, 'StatusNotAllowed', taskId, STATUS.Active, OVER_OR_EXPIRED)
    const over = allowed('Closed', 'NoQuorum')
    await refused(release(), w.board, 'StatusNotAllowed', taskId, STATUS.Active, over)
    expect(await claimsOpenAt(w, taskId)).to.equal(0)
    await story.accept()
    const closedAt = (await blockNumber(w)) + WINDOWS.closeGrace
    const opensAt = closedAt + WINDOWS.evidence + 1n
    await refused(claim(), w.board, 'StatusNotAllowed', taskId, STATUS.Finalizing, OVER_OR_EXPIRED)
    await mineTo(w, opensAt - 2n)
    await refused(claim(), w.board, 'TooEarly', opensAt - 1n, opensAt, anyTime, anyTime)
    await refused(release(), w.board, 'TooEarly', opensAt - 1n, opensAt, anyTime, anyTime)
    await mineTo(w, opensAt - 1n)
    await claim()
    await release()
  })

  it('gives strangers nothing', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await running(w, actors, { heights: 1 })
    await story.accept()
    await complete(w, story)
    await mineToClaims(w, story.taskId)
    const call = w.board.connect(w.mallory).claim(story.taskId)
    await refused(call, w.board, 'NothingToClaim', story.taskId, w.mallory)
    const unknown = w.board.release(story.taskId, await w.mallory.getAddress())
    await refused(unknown, w.registry, 'NotLocked', story.taskId, w.mallory)
  })

  it('pays an operator all of its seats at once', async () => {
    const { w, actors } = await loadFixture(seven)
    const twin = await registered(w, 'twin', 'alice')
    const cluster = [...actors.slice(0, 6), twin]
    // no fee: the turn to bring the checkpoint is alice's in one draw out of seven
    const story = await running(w, cluster, { heights: 1, checkpointFee: 0 })
    await story.accept()
    await complete(w, story)
    await mineToClaims(w, story.taskId)
    const [alice] = actors
    const claim = w.board.connect(alice!.operator).claim(story.taskId)
    await expect(claim).to.changeTokenBalance(connection.ethers, w.token, alice!.operatorAddress, 12)
    for (const { keyAddress } of [alice!, twin]) await w.board.release(story.taskId, keyAddress)
    await expectConserved(w, [...actors, twin], (await escrowOf(w, story.taskId)) - 12n)
  })

  it('gives sign-ups that were not drawn their stake back as soon as the cluster stands', async () => {
    const { w, actors } = await loadFixture(seven)
    const taskId = await joined(w, actors, { maxNodes: 4 })
    const [alice] = actors
    const early = w.board.release(taskId, alice!.keyAddress)
    const after = allowed('Active', 'Finalizing', 'Closed', 'NoQuorum', 'Expired')
    await refused(early, w.board, 'StatusNotAllowed', taskId, STATUS.Open, after)
    await w.board.form(...(await drawingOf(w, taskId)))
    const [event] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
    const out = actors.filter((a) => !event!.args.signingKeys.includes(a.keyAddress))
    expect(out).to.have.length(3)
    for (const { keyAddress, operatorAddress } of out) {
      await w.board.release(taskId, keyAddress)
      expect((await w.registry.account(operatorAddress)).free).to.equal(STAKE)
    }
  })

  it('gives everything back if no cluster was drawn', async () => {
    const { w, actors } = await loadFixture(seven)
    const three = actors.slice(0, 3)
    const taskId = await joined(w, three, { maxNodes: 4 })
    const escrow = await escrowOf(w, taskId)
    const member = w.board.connect(three[0]!.operator).claim(taskId)
    await refused(member, w.board, 'NothingToClaim', taskId, three[0]!.operatorAddress)
    const claim = w.board.connect(w.client).claim(taskId)
    await expect(claim).to.changeTokenBalance(connection.ethers, w.token, w.client, escrow)
    for (const { keyAddress } of three) await w.board.release(taskId, keyAddress)
    await refused(w.board.connect(w.client).claim(taskId), w.board, 'NothingToClaim', taskId, w.client)
    await expectConserved(w, actors, 0n)
  })

  it('pays the accepted heights of a cluster that fell silent, and returns the rest', async () => {
    const { w, actors } = await loadFixture(seven)
    const story = await running(w, actors)
    await story.accept(2)
    await mineTo(w, (await blockNumber(w)) + 401n)
    expect((await w.board.statusOf(story.taskId)).status).to.equal(STATUS.NoQuorum)
    await mineToClaims(w, story.taskId)
    const escrow = await escrowOf(w, story.taskId)
    const client = w.board.connect(w.client).claim(story.taskId)
    await expect(client).to.changeTokenBalance(connection.ethers, w.token, w.client, escrow - 84n)
    for (const { operator, keyAddress } of actors) {
      await w.board.connect(operator).claim(story.taskId)
      await w.board.release(story.taskId, keyAddress)
    }
    await expectConserved(w, actors, 0n)
  })

  it('never pays more fees than the escrow holds, however often the turn is used', async () => {
    const { w, actors } = await loadFixture(seven)
    const endBlock = (await blockNumber(w)) + 400n
    const params = { heights: 40, epochHeights: 2, stallBlocks: 56, rewardPerHeight: 0, endBlock }
    const story = await running(w, actors, params)
    for (;;) {
      const { status } = await w.board.statusOf(story.taskId)
      if (status === STATUS.Closed) break
      const limit = await w.log.limitOf(story.taskId)
      if (story.last < limit) await story.accept()
      await mineTo(w, (await blockNumber(w)) + (status === STATUS.Active ? 27n : 1n))
    }
    await mineToClaims(w, story.taskId)
    for (const { operator } of actors)
      await w.board
        .connect(operator)
        .claim(story.taskId)
        .catch(() => undefined)
    await w.board
      .connect(w.client)
      .claim(story.taskId)
      .catch(() => undefined)
    await expectConserved(w, actors, 0n)
  })

  it('does not mind donations', async () => {
    const { w, actors } = await loadFixture(seven)
    const { taskId } = await running(w, actors, { heights: 1 })
    const escrow = await escrowOf(w, taskId)
    await w.token.faucet(w.board, 1_000_000)
    await w.token.faucet(w.registry, 1_000_000)
    const [alice] = actors
    await w.registry.connect(alice!.operator).addStake(5)
    expect((await w.registry.account(alice!.operatorAddress)).free).to.equal(STAKE - 95n)
    await w.board.connect(w.client).publish(await taskParams(w))
    expect(await escrowOf(w, taskId)).to.equal(escrow)
  })

  it('lets free stake leave whatever its operator is doing', async () => {
    const { w, actors } = await loadFixture(seven)
    const [alice] = actors
    await running(w, actors)
    const registry = w.registry.connect(alice!.operator)
    await registry.freeze(alice!.keyAddress)
    await registry.requestUnbond(STAKE - 100n)
    await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
    const withdraw = registry.withdraw(0)
    await expect(withdraw).to.changeTokenBalance(
      connection.ethers,
      w.token,
      alice!.operatorAddress,
      STAKE - 100n,
    )
  })
})

describe('Hostile tokens', () => {
  async function hostile() {
    const token = await connection.ethers.deployContract('HostileToken')
    const w = await deployWorld(connection, await token.getAddress())
    const alice = await registered(w, 'alice')
    return { w, token, alice, actors: [alice, ...(await registeredManyFrom(w, 3))] }
  }

  async function registeredManyFrom(w: World, n: number): Promise<Actor[]> {
    const actors: Actor[] = []
    for (let i = 0; i < n; i++) actors.push(await registered(w, `other ${i}`))
    return actors
  }

  it('are refused if one wei does not arrive', async () => {
    const { w, token, alice } = await loadFixture(hostile)
    await token.setFee(1)
    const stake = w.registry.connect(alice.operator).addStake(50)
    await refused(stake, w.registry, 'WrongAmountReceived', 49, 50)
    const publish = w.board.connect(w.client).publish(await taskParams(w))
    await expect(publish).to.be.revertedWithCustomError(w.board, 'WrongAmountReceived')
  })

  it('are refused by name if more or less than was asked for arrives', async () => {
    const { w, token, alice } = await loadFixture(hostile)
    await token.setFee(1)
    const unpaid = await taskParams(w, { rewardPerHeight: 0n, checkpointFee: 0n })
    await token.faucet(w.board, LOCK)
    await refused(w.board.connect(w.client).publish(unpaid), w.board, 'WrongAmountReceived', 0, 0)
    await token.setFee(0)
    const registry = await w.registry.getAddress()
    const gift = token.interface.encodeFunctionData('faucet', [registry, 1])
    await token.setCallback(token, gift)
    const stake = w.registry.connect(alice.operator)
    await refused(stake.addStake(50), w.registry, 'WrongAmountReceived', 51, 50)
    const loss = token.interface.encodeFunctionData('confiscate', [registry, 51])
    await token.setCallback(token, loss)
    await refused(stake.addStake(50), w.registry, 'WrongAmountReceived', 0, 50)
  })

  it('are refused if they answer false', async () => {
    const { w, token, alice } = await loadFixture(hostile)
    await w.registry.connect(alice.operator).requestUnbond(10)
    await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
    await token.setRefuses(true)
    const stake = w.registry.connect(alice.operator).addStake(50)
    await refused(stake, w.registry, 'SafeERC20FailedOperation', token)
    const withdraw = w.registry.connect(alice.operator).withdraw(0)
    await refused(withdraw, w.registry, 'SafeERC20FailedOperation', token)
  })

  it('cannot enter a function that moves value a second time', async () => {
    const { w, token, alice, actors } = await loadFixture(hostile)
    const registry = w.registry.connect(alice.operator)
    await registry.requestUnbond(10)
    await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
    const intoRegistry = [
      w.registry.interface.encodeFunctionData('withdraw', [0]),
      w.registry.interface.encodeFunctionData('addStake', [1]),
      w.registry.interface.encodeFunctionData('requestUnbond', [1]),
      w.registry.interface.encodeFunctionData('register', ['0x', 0, 0, 0, [], '0x']),
    ]
    for (const data of intoRegistry) {
      await token.setCallback(w.registry, data)
      await refused(registry.withdraw(0), w.registry, 'ReentrancyGuardReentrantCall')
      await refused(registry.addStake(1), w.registry, 'ReentrancyGuardReentrantCall')
    }
    await token.setCallback(NOBODY, '0x')
    const story = await running(w, actors, { heights: 1 })
    await story.accept()
    await complete(w, story)
    await mineToClaims(w, story.taskId)
    const board = w.board.interface
    const intoBoard = [
      board.encodeFunctionData('claim', [story.taskId]),
      board.encodeFunctionData('publish', [await taskParams(w)]),
      board.encodeFunctionData('join', [story.taskId, alice.keyAddress, id('terms')]),
      board.encodeFunctionData('quit', [story.taskId, alice.keyAddress]),
      board.encodeFunctionData('release', [story.taskId, alice.keyAddress]),
    ]
    for (const data of intoBoard) {
      await token.setCallback(w.board, data)
      const claim = w.board.connect(alice.operator).claim(story.taskId)
      await refused(claim, w.board, 'ReentrancyGuardReentrantCall')
    }
  })
})
