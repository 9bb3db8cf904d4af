import { expect } from 'chai'
import { AbiCoder, ZeroHash, concat, id, keccak256, toQuantity } from 'ethers'
import { network } from 'hardhat'
import { refused } from './refused.ts'
import type { TaskParams, World } from './world.ts'
import {
  allOf,
  allowed,
  blockNumber,
  deployWorld,
  form,
  heightOf,
  join,
  NOBODY,
  STAKE,
  STATUS,
  WINDOWS,
  anyTime,
  nextEvents,
  standingOf,
} from './world.ts'
import { joined, label, mineTo, publish, registered, registeredMany, running, stateOf } from './world.ts'
import { drawingOf, taskParams } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const MAX_16 = 2n ** 16n - 1n
const MAX_32 = 2n ** 32n - 1n
const MAX_128 = 2n ** 128n - 1n
const BYTES_MAX = 31n * 1024n
const GAS_STEP = 3_500n
const KEY_FROZEN = 2n
const ONLY_ACTIVE_KEY = 2n

async function empty() {
  return deployWorld(connection)
}

async function four() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 4) }
}

async function fourRunning() {
  const { w, actors } = await four()
  return { w, actors, story: await running(w, actors) }
}

/** A task that is open for sign-up. */
async function fourOpen() {
  const { w, actors } = await four()
  const params = await taskParams(w)
  await w.board.connect(w.client).publish(params)
  return {
    w,
    actors,
    taskId: 1n,
    joinDeadline: BigInt(params.joinDeadline),
    endBlock: BigInt(params.endBlock),
  }
}

const statusOf = async (w: World, taskId: bigint) => (await standingOf(w, taskId))[0]

describe('TaskBoard', () => {
  describe('publish', () => {
    const bad = (changes: Partial<TaskParams>, field: string, given: bigint, min: bigint, max: bigint) =>
      it(`refuses ${field} = ${given}, outside ${min} … ${max}`, async () => {
        const w = await loadFixture(empty)
        const call = w.board.connect(w.client).publish(await taskParams(w, changes))
        await refused(call, w.board, 'OutOfBounds', label(field), given, min, max)
      })

    bad({ reducerParams: `0x${'00'.repeat(1025)}` }, 'reducerParams', 1025n, 0n, 1024n)
    bad({ maxNodes: 3, minNodes: 3 }, 'maxNodes', 3n, 4n, 128n)
    bad({ maxNodes: 129 }, 'maxNodes', 129n, 4n, 128n)
    bad({ minNodes: 3 }, 'minNodes', 3n, 4n, 4n)
    bad({ minNodes: 8, maxNodes: 7 }, 'minNodes', 8n, 4n, 7n)
    bad({ heights: 0 }, 'heights', 0n, 1n, MAX_16)
    bad({ epochHeights: 0 }, 'epochHeights', 0n, 1n, 256n)
    bad({ epochHeights: 257 }, 'epochHeights', 257n, 1n, 256n)
    bad({ stateCap: 0 }, 'stateCap', 0n, 1n, BYTES_MAX)
    bad({ stateCap: BYTES_MAX + 1n }, 'stateCap', BYTES_MAX + 1n, 1n, BYTES_MAX)
    bad({ inputCap: 0 }, 'inputCap', 0n, 1n, BYTES_MAX)
    bad({ inputCap: BYTES_MAX + 1n }, 'inputCap', BYTES_MAX + 1n, 1n, BYTES_MAX)
    bad({ calldataInputs: true, inputCap: 249 }, 'calldataInputs', 31872n, 1n, BYTES_MAX)
    bad({ twin: `0x${'11'.repeat(20)}`, inputCap: 7937 }, 'twin', 31748n, 1n, BYTES_MAX)
    bad({ turnBlocks: 0 }, 'turnBlocks', 0n, 1n, MAX_32)
    bad({ stallBlocks: 31 }, 'stallBlocks', 31n, 32n, MAX_32)
    bad({ tickMs: 0 }, 'tickMs', 0n, 1n, MAX_16)
    bad({ debateTicks: 0 }, 'debateTicks', 0n, 1n, MAX_32)
    bad({ shareTicks: 0 }, 'shareTicks', 0n, 1n, MAX_32)
    bad({ confirmTicks: 0 }, 'confirmTicks', 0n, 1n, MAX_32)
    bad({ helloTicks: 0 }, 'helloTicks', 0n, 1n, MAX_32)
    bad({ reporters: [NOBODY, NOBODY, NOBODY, NOBODY, NOBODY] }, 'reporters', 5n, 0n, 4n)
    bad({ stakePerNode: 0 }, 'stakePerNode', 0n, 1n, MAX_128)
    bad({ rewardPerHeight: MAX_128, checkpointFee: 0 }, 'escrow', 64n * MAX_128, 0n, MAX_128)

    it('refuses an end or a deadline that leaves no time, or too much', async () => {
      const w = await loadFixture(empty)
      const now = (await blockNumber(w)) + 1n
      const endMin = now + WINDOWS.reorgDepth + 3n
      const endMax = now + WINDOWS.taskBlocksMax
      const board = w.board.connect(w.client)
      for (const endBlock of [endMin - 1n, endMax + 1n, 0n, 2n ** 64n - 1n]) {
        const call = board.publish(await taskParams(w, { endBlock }))
        await refused(call, w.board, 'OutOfBounds', label('endBlock'), endBlock, endMin, endMax)
      }
      const deadlineMax = endMax - WINDOWS.reorgDepth - 2n
      for (const joinDeadline of [now, deadlineMax + 1n, 2n ** 64n - 1n]) {
        const call = board.publish(await taskParams(w, { endBlock: endMax, joinDeadline }))
        await refused(
          call,
          w.board,
          'OutOfBounds',
          label('joinDeadline'),
          joinDeadline,
          now + 1n,
          deadlineMax,
        )
      }
      await board.publish(await taskParams(w, { endBlock: endMin, joinDeadline: now + 1n }))
    })

    it('refuses a twin without code', async () => {
      const w = await loadFixture(empty)
      const twin = w.connection.ethers.getAddress(`0x${'11'.repeat(20)}`)
      const call = w.board.connect(w.client).publish(await taskParams(w, { twin }))
      await refused(call, w.board, 'TwinHasNoCode', twin)
    })

    it('refuses a client who cannot pay', async () => {
      const w = await loadFixture(empty)
      const call = w.board.connect(w.mallory).publish(await taskParams(w))
      await expect(call).to.be.revertedWithCustomError(w.token, 'ERC20InsufficientAllowance')
    })

    it('takes rewards of all heights and fees of all checkpoints that can earn one', async () => {
      const w = await loadFixture(empty)
      const params = await taskParams(w)
      const type = w.board.interface.getFunction('publish').inputs[0]!
      const paramsHash = keccak256(AbiCoder.defaultAbiCoder().encode([type], [params]))
      const call = w.board.connect(w.client).publish(params)
      await expect(call).to.emit(w.board, 'TaskPublished')
      const left = BigInt(params.endBlock) + WINDOWS.closeGrace - (await blockNumber(w))
      const escrow = 42n * 64n + 9n * (2n + left / 200n)
      await expect(call).to.changeTokenBalances(
        connection.ethers,
        w.token,
        [w.client, w.board],
        [-escrow, escrow],
      )
      const task = await w.board.task(1)
      expect([task.client, task.paramsHash, task.escrow]).to.deep.equal([
        await w.client.getAddress(),
        paramsHash,
        escrow,
      ])
      expect(await statusOf(w, 1n)).to.equal(STATUS.Open)
      const [event] = await w.board.queryFilter(w.board.filters.TaskPublished(1))
      expect(event!.args.params.stallBlocks).to.equal(params.stallBlocks)
      expect(event!.args.paramsHash).to.equal(paramsHash)
    })
  })

  describe('join and quit', () => {
    it('refuse tasks that do not exist', async () => {
      const { w, actors } = await loadFixture(fourOpen)
      const [alice] = actors
      const call = join(w, alice!.node, 9n, alice!.keyAddress)
      await refused(call, w.board, 'StatusNotAllowed', 9, STATUS.None, allowed('Open'))
    })

    it('refuse strangers, keys without owner, and keys that are not active', async () => {
      const { w, actors, taskId } = await loadFixture(fourOpen)
      const [alice] = actors
      const mallory = await w.mallory.getAddress()
      const other = join(w, w.mallory, taskId, alice!.keyAddress)
      await refused(other, w.board, 'NotAllowed', mallory, alice!.operatorAddress)
      const own = join(w, w.mallory, taskId, mallory)
      await refused(own, w.registry, 'KeyStatusNotAllowed', mallory, 0, ONLY_ACTIVE_KEY)
      await w.registry.connect(alice!.operator).freeze(alice!.keyAddress)
      const frozen = join(w, alice!.node, taskId, alice!.keyAddress)
      await refused(frozen, w.registry, 'KeyStatusNotAllowed', alice!.keyAddress, KEY_FROZEN, ONLY_ACTIVE_KEY)
    })

    it('refuse stake that is not there', async () => {
      const { w, actors } = await loadFixture(fourOpen)
      const [alice] = actors
      const taskId = await publish(w, { stakePerNode: STAKE + 1n })
      const call = join(w, alice!.node, taskId, alice!.keyAddress)
      await refused(call, w.registry, 'InsufficientFree', alice!.operatorAddress, STAKE, STAKE + 1n)
    })

    it('refuse more sign-ups of one operator than a third of the seats', async () => {
      const { w, actors, taskId } = await loadFixture(fourOpen)
      const [alice] = actors
      await join(w, alice!.node, taskId, alice!.keyAddress)
      const again = join(w, alice!.node, taskId, alice!.keyAddress)
      await refused(again, w.board, 'OperatorCap', alice!.operatorAddress, 1, 1)
    })

    it('refuse the same key twice', async () => {
      const { w, actors } = await loadFixture(fourOpen)
      const [alice] = actors
      const taskId = await publish(w, { maxNodes: 7 })
      await join(w, alice!.node, taskId, alice!.keyAddress)
      const again = join(w, alice!.node, taskId, alice!.keyAddress)
      await refused(again, w.registry, 'AlreadyLocked', taskId, alice!.keyAddress, 100)
    })

    it('refuse more than four sign-ups per seat', async () => {
      const { w } = await loadFixture(four)
      const actors = []
      for (let i = 0; i < 17; i++) actors.push(await registered(w, `crowd ${i}`))
      const last = actors.pop()!
      const taskId = await publish(w)
      for (const actor of actors) await join(w, actor.node, taskId, actor.keyAddress)
      const call = join(w, last.node, taskId, last.keyAddress)
      await refused(call, w.board, 'TaskFull', 16, 16)
    })

    it('end with the deadline', async () => {
      const { w, actors, taskId, joinDeadline } = await loadFixture(fourOpen)
      const [alice, bob, ...others] = actors
      for (const a of others) await join(w, a.node, taskId, a.keyAddress)
      await join(w, alice!.node, taskId, alice!.keyAddress)
      await mineTo(w, joinDeadline - 1n)
      await join(w, bob!.node, taskId, bob!.keyAddress)
      const late = joinDeadline + 1n
      const quit = w.board.connect(bob!.node).quit(taskId, bob!.keyAddress)
      await refused(quit, w.board, 'TooLate', late, joinDeadline, anyTime, 0)
      const erin = await registered(w, 'erin')
      const tooLate = join(w, erin.node, taskId, erin.keyAddress)
      await expect(tooLate).to.be.revertedWithCustomError(w.board, 'TooLate')
    })

    it('lock a part of the free stake and give it back', async () => {
      const { w, actors, taskId } = await loadFixture(fourOpen)
      const [alice, bob] = actors
      await expect(join(w, alice!.node, taskId, alice!.keyAddress))
        .to.emit(w.board, 'Joined')
        .withArgs(taskId, alice!.keyAddress, alice!.operatorAddress)
      expect(await w.registry.account(alice!.operatorAddress)).to.deep.equal([
        ...[STAKE - 100n, 100n, 0n, 0n, 0n, 0n],
      ])
      expect(await w.registry.lockOf(taskId, alice!.keyAddress)).to.equal(100)
      await join(w, bob!.operator, taskId, bob!.keyAddress)
      const stranger = w.board.connect(bob!.node).quit(taskId, alice!.keyAddress)
      await refused(stranger, w.board, 'NotAllowed', bob!.keyAddress, alice!.operatorAddress)
      await expect(w.board.connect(alice!.operator).quit(taskId, alice!.keyAddress))
        .to.emit(w.board, 'Left')
        .withArgs(taskId, alice!.keyAddress, alice!.operatorAddress, 0)
      expect(await w.registry.account(alice!.operatorAddress)).to.deep.equal([STAKE, 0n, 0n, 0n, 0n, 0n])
      expect(await w.board.signupsOf(taskId)).to.deep.equal([bob!.keyAddress])
      const again = w.board.connect(alice!.node).quit(taskId, alice!.keyAddress)
      await refused(again, w.board, 'NotSignedUp', taskId, alice!.keyAddress)
      await join(w, alice!.node, taskId, alice!.keyAddress)
    })
  })

  describe('form', () => {
    it('refuses to draw before the seed block has a hash', async () => {
      const { w, actors, taskId, joinDeadline } = await loadFixture(fourOpen)
      for (const a of actors) await join(w, a.node, taskId, a.keyAddress)
      const opensAt = joinDeadline + WINDOWS.reorgDepth + 1n
      await mineTo(w, opensAt - 2n)
      await refused(
        w.board.form(...(await drawingOf(w, taskId))),
        w.board,
        'TooEarly',
        opensAt - 1n,
        opensAt,
        anyTime,
        0,
      )
      await mineTo(w, opensAt - 1n)
      await form(w, taskId, actors)
    })

    it('draws the whole cluster or none, however little gas it gets', async () => {
      const { w, actors } = await loadFixture(four)
      const taskId = await joined(w, actors)
      await mineTo(w, (await blockNumber(w)) + 1n)
      const drawing = await drawingOf(w, taskId)
      const enough = await w.board.form.estimateGas(...drawing)
      const refusals = new Set<string>()
      for (let gasLimit = 60_000n; gasLimit < enough - GAS_STEP; gasLimit += GAS_STEP) {
        const refusal = (error: unknown): string => {
          const { data } = error as { data: unknown }
          return typeof data === 'string' ? data : '0x'
        }
        const call = w.board.form.staticCall(...drawing, { gasLimit })
        refusals.add(await call.then(() => 'drawn', refusal))
      }
      const notWritten = w.board.interface.getError('SnapshotNotWritten')!.selector
      // nothing to read is out of gas
      expect(refusals).to.deep.equal(new Set(['0x', notWritten]))
      await form(w, taskId, actors)
    })

    it('draws in the 256th block after the seed block, and never later', async () => {
      const { w, actors, taskId, joinDeadline } = await loadFixture(fourOpen)
      for (const a of actors) await join(w, a.node, taskId, a.keyAddress)
      const lastBlock = joinDeadline + WINDOWS.reorgDepth + 256n
      expect(await w.board.formWindow()).to.equal(256)
      await mineTo(w, lastBlock - 256n)
      await mineTo(w, lastBlock - 1n)
      await w.board.form.staticCall(...(await drawingOf(w, taskId)))
      await mineTo(w, lastBlock)
      await refused(
        w.board.form(...(await drawingOf(w, taskId))),
        w.board,
        'StatusNotAllowed',
        taskId,
        STATUS.Expired,
        allowed('Open'),
      )
      expect(await standingOf(w, taskId)).to.deep.equal([STATUS.Open, 0n])
      await mineTo(w, lastBlock + 1n)
      expect(await standingOf(w, taskId)).to.deep.equal([STATUS.Expired, lastBlock + 1n])
    })

    it('never draws at or after the end block', async () => {
      const { w, actors } = await loadFixture(four)
      const now = await blockNumber(w)
      const taskId = await joined(w, actors, { endBlock: now + 40n })
      await mineTo(w, now + 38n)
      await w.board.form.staticCall(...(await drawingOf(w, taskId)))
      await mineTo(w, now + 39n)
      await refused(
        w.board.form(...(await drawingOf(w, taskId))),
        w.board,
        'StatusNotAllowed',
        taskId,
        STATUS.Expired,
        allowed('Open'),
      )
    })

    it('never draws twice', async () => {
      const { w, story } = await loadFixture(fourRunning)
      const again = w.board.form(...(await drawingOf(w, story.taskId)))
      await refused(again, w.board, 'StatusNotAllowed', story.taskId, STATUS.Active, allowed('Open'))
    })

    it('expires at once if too few signed up', async () => {
      const { w, actors, taskId, joinDeadline } = await loadFixture(fourOpen)
      for (const a of actors.slice(1)) await join(w, a.node, taskId, a.keyAddress)
      await mineTo(w, joinDeadline + 1n)
      expect(await standingOf(w, taskId)).to.deep.equal([STATUS.Expired, joinDeadline + 1n])
    })

    it('drops keys that were frozen by the deadline, and refuses if too few are left', async () => {
      const { w, actors } = await loadFixture(four)
      const [alice] = actors
      const now = await blockNumber(w)
      const taskId = await publish(w, { joinDeadline: now + 6n })
      for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
      await w.registry.connect(alice!.operator).freeze(alice!.keyAddress)
      expect((await w.registry.inactiveSince(alice!.keyAddress)).number).to.equal(now + 6n)
      await mineTo(w, now + 6n + WINDOWS.reorgDepth)
      await refused(w.board.form(...(await drawingOf(w, taskId))), w.board, 'TooFewMembers', 3, 4)
      const erin = await registered(w, 'erin')
      const second = await joined(w, [erin, ...actors.slice(1)], { maxNodes: 4 })
      const story = await form(w, second, [erin, ...actors])
      expect(story.members.map((m) => m.name)).to.have.members(['erin', 'bob', 'carol', 'dave'])
    })

    it('gives every seat to somebody, in an order that follows from the seed', async () => {
      const { w, actors } = await loadFixture(four)
      const taskId = await joined(w, actors)
      const story = await form(w, taskId, actors)
      const [event] = await w.board.queryFilter(w.board.filters.ClusterFormed(taskId))
      const { cluster, seed, snapshotHash, pointer, signingKeys, operators, weights } = event!.args
      const { joinDeadline } = (await w.board.queryFilter(w.board.filters.TaskPublished(taskId)))[0]!.args
        .params
      const seedBlock = toQuantity(joinDeadline + WINDOWS.reorgDepth)
      const params = [seedBlock, false]
      const served: unknown = await connection.provider.request({ method: 'eth_getBlockByNumber', params })
      const { mixHash } = served as { mixHash: string }
      expect(BigInt(mixHash)).not.to.equal(0n)
      const coder = AbiCoder.defaultAbiCoder()
      expect(seed).to.equal(keccak256(coder.encode(['bytes32', 'uint256'], [mixHash, taskId])))
      const rank = (i: number): string => keccak256(coder.encode(['bytes32', 'uint256'], [seed, i]))
      const order = [0, 1, 2, 3]
        .sort((i, j) => (rank(i) < rank(j) ? -1 : 1))
        .map((i) => actors[i]!.keyAddress)
      expect(signingKeys).to.deep.equal(order)
      expect(operators).to.deep.equal(story.members.map((m) => m.operatorAddress))
      expect(weights).to.deep.equal([1n, 1n, 1n, 1n])
      const snapshot = concat(story.members.map((m) => concat([m.keyAddress, m.operatorAddress, '0x0001'])))
      expect(await connection.ethers.provider.getCode(pointer)).to.equal(concat(['0x00', snapshot]))
      expect(snapshotHash).to.equal(keccak256(snapshot))
      const { paramsHash } = await w.board.task(taskId)
      const parts = coder.encode(
        ['uint256', 'bytes32', 'bytes32', 'bytes32'],
        [taskId, paramsHash, snapshotHash, seed],
      )
      expect(cluster).to.equal(keccak256(parts))
      expect(await statusOf(w, taskId)).to.equal(STATUS.Active)
    })

    it('opens the log for the board alone, and once', async () => {
      const { w, actors, story } = await loadFixture(fourRunning)
      const [alice] = actors
      const terms = {
        cluster: id('x'),
        snapshot: NOBODY,
        members: 4,
        heights: 1,
        epochHeights: 1,
        ...{ stallBlocks: 1, stallSeconds: 0, graceSeconds: 0, endTime: 0, feesMax: 1 },
        turnBlocks: 1,
        closeGrace: 1,
        endBlock: 1,
        inputsPerHeightMax: 0,
      }
      const board = await w.board.getAddress()
      const log = w.log.connect(alice!.operator)
      await refused(log.open(9, terms), w.log, 'NotAllowed', alice!.operatorAddress, board)
      await refused(log.noteEvent(1, 0, board, ZeroHash), w.log, 'NotAllowed', alice!.operatorAddress, board)
      const asBoard = w.log.connect(await connection.ethers.getImpersonatedSigner(board))
      await connection.networkHelpers.setBalance(board, 10n ** 18n)
      await refused(asBoard.open(story.taskId, terms), w.log, 'AlreadyOpen', story.taskId)
    })
  })

  describe('postEvent', () => {
    it('refuses strangers, long events, a second one per block, and too many', async () => {
      const { w } = await loadFixture(four)
      const taskId = await publish(w, { maxEvents: 1 })
      const client = await w.client.getAddress()
      const mallory = w.board.connect(w.mallory).postEvent(taskId, '0x01')
      await refused(mallory, w.board, 'NotAllowed', await w.mallory.getAddress(), client)
      const board = w.board.connect(w.client)
      const long = board.postEvent(taskId, `0x${'00'.repeat(1025)}`)
      await refused(long, w.board, 'OutOfBounds', label('data'), 1025, 0, 1024)
      await board.postEvent(taskId, '0x01')
      await refused(board.postEvent(taskId, '0x02'), w.board, 'NoMoreEvents', 1, 1)
    })

    it('M-3 refuses more than 16 KiB of events, 23 bytes more each, in a provable task alone', async () => {
      const { w } = await loadFixture(four)
      const twin = await (await connection.ethers.deployContract('TestTwin')).getAddress()
      const provable = await publish(w, { twin, maxEvents: 100 })
      const plain = await publish(w, { maxEvents: 100 })
      const board = w.board.connect(w.client)
      const body = `0x${'00'.repeat(1024)}`
      for (let i = 0; i < 15; i += 1) await board.postEvent(provable, body)
      const left = 16 * 1024 - 15 * (1024 + 23) - 23
      const over = board.postEvent(provable, `0x${'00'.repeat(left + 1)}`)
      await refused(over, w.board, 'OutOfBounds', label('events'), 16_385, 0, 16_384)
      await board.postEvent(provable, `0x${'00'.repeat(left)}`)
      await refused(
        board.postEvent(provable, '0x'),
        w.board,
        'OutOfBounds',
        label('events'),
        16_407,
        0,
        16_384,
      )
      for (let i = 0; i < 17; i += 1) await board.postEvent(plain, body)
    })

    it('takes one event per task and block', async () => {
      const { w } = await loadFixture(four)
      const taskId = await publish(w, { reporters: [await w.mallory.getAddress()] })
      const { ethers, provider } = connection
      await provider.request({ method: 'evm_setAutomine', params: [false] })
      const options = { gasLimit: 300_000 }
      const sent = [
        await w.board.connect(w.client).postEvent(taskId, '0x01', options),
        await w.board.connect(w.mallory).postEvent(taskId, '0x02', options),
      ]
      await connection.networkHelpers.mine()
      await provider.request({ method: 'evm_setAutomine', params: [true] })
      const receipts = await Promise.all(sent.map((tx) => ethers.provider.getTransactionReceipt(tx.hash)))
      expect(receipts.map((r) => r!.status)).to.have.members([0, 1])
      expect((await w.board.task(taskId)).eventsPosted).to.equal(1)
    })

    it('refuses once the task is over', async () => {
      const { w, actors, taskId, joinDeadline } = await loadFixture(fourOpen)
      expect(actors).to.have.length(4)
      await mineTo(w, joinDeadline)
      const call = w.board.connect(w.client).postEvent(taskId, '0x')
      await refused(call, w.board, 'StatusNotAllowed', taskId, STATUS.Expired, allowed('Open', 'Active'))
    })

    it('numbers events of client and reporters and keeps their rolling hash', async () => {
      const { w, actors } = await loadFixture(four)
      const reporter = await w.mallory.getAddress()
      const taskId = await joined(w, actors, { reporters: [reporter] })
      const first = w.board.connect(w.client).postEvent(taskId, '0x0102')
      await expect(first)
        .to.emit(w.board, 'LedgerEvent')
        .withArgs(taskId, 1, await w.client.getAddress(), '0x0102')
      await form(w, taskId, actors)
      const second = w.board.connect(w.mallory).postEvent(taskId, '0x')
      await expect(second).to.emit(w.board, 'LedgerEvent').withArgs(taskId, 2, reporter, '0x')
      const hash = nextEvents(ZeroHash, 0, await w.client.getAddress(), '0x0102')
      expect(await w.log.eventsHash(taskId, 0)).to.equal(ZeroHash)
      expect(await w.log.eventsHash(taskId, 1)).to.equal(hash)
      expect(await w.log.eventsHash(taskId, 2)).to.equal(nextEvents(hash, 0, reporter, '0x'))
      expect(await w.log.eventsHash(taskId, 3)).to.equal(ZeroHash)
      expect((await w.log.head(taskId)).events).to.equal(2)
    })
  })

  describe('finalize', () => {
    it('refuses while the task runs, and a task without a height', async () => {
      const { w, story } = await loadFixture(fourRunning)
      const { taskId, root } = story
      const finalize = () => w.board.finalize(taskId, '0x', root, id('inputs'), 0)
      const late = allowed('Finalizing', 'Closed', 'NoQuorum')
      await refused(finalize(), w.board, 'StatusNotAllowed', taskId, STATUS.Active, late)
      await mineTo(w, (await blockNumber(w)) + 401n)
      expect(await statusOf(w, taskId)).to.equal(STATUS.NoQuorum)
      await refused(finalize(), w.board, 'NothingDecided', taskId)
    })

    it('refuses while late heights are still accepted, too long results and other states', async () => {
      const { w, actors } = await loadFixture(four)
      const story = await running(w, actors, { endBlock: (await blockNumber(w)) + 100n, stateCap: 8 })
      const { root: rootZero, taskId } = story
      await story.accept()
      const { endBlock } = (await w.board.queryFilter(w.board.filters.TaskPublished(taskId)))[0]!.args.params
      await mineTo(w, endBlock)
      const { inputsRoot } = heightOf(1n)
      const early = w.board.finalize(taskId, stateOf(1n), rootZero, inputsRoot, allOf(4))
      await refused(early, w.board, 'NotFinal', 1, 33)
      await mineTo(w, endBlock + WINDOWS.closeGrace)
      const long = w.board.finalize(taskId, `0x${'00'.repeat(9)}`, rootZero, inputsRoot, allOf(4))
      await refused(long, w.board, 'OutOfBounds', label('result'), 9, 0, 8)
      const wrong = w.board.finalize(taskId, stateOf(2n), rootZero, inputsRoot, allOf(4))
      await expect(wrong).to.be.revertedWithCustomError(w.board, 'NotTheResult')
      const other = w.board.finalize(taskId, stateOf(1n), rootZero, id('other inputs'), allOf(4))
      await expect(other).to.be.revertedWithCustomError(w.board, 'NotTheResult')
      const list = w.board.finalize(taskId, stateOf(1n), rootZero, inputsRoot, allOf(3))
      await expect(list).to.be.revertedWithCustomError(w.board, 'NotTheResult')
      await expect(w.board.connect(w.mallory).finalize(taskId, stateOf(1n), rootZero, inputsRoot, allOf(4)))
        .to.emit(w.board, 'TaskFinalized')
        .withArgs(taskId, 1, heightOf(1n).stateHash, stateOf(1n))
      expect((await w.board.task(taskId)).resultHash).to.equal(heightOf(1n).stateHash)
    })

    it('takes the result as soon as the last height is in', async () => {
      const { w, actors } = await loadFixture(four)
      const story = await running(w, actors, { heights: 1 })
      const { root: rootZero, taskId } = story
      await story.accept()
      expect(await statusOf(w, taskId)).to.equal(STATUS.Finalizing)
      const { inputsRoot, stateHash } = heightOf(1n)
      await w.board.finalize(taskId, stateOf(1n), rootZero, inputsRoot, allOf(4))
      const again = w.board.finalize(taskId, stateOf(1n), rootZero, inputsRoot, allOf(4))
      await refused(again, w.board, 'AlreadyFinalized', taskId, stateHash)
    })
  })
})
