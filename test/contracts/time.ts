/** A chain that stops and one whose blocks come fast end nothing; nobody gains by the pairs that a client chooses. */
import { expect } from 'chai'
import { proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import {
  HOURS,
  STOP,
  TIMED,
  UNBONDING_SECONDS,
  delay,
  deployTimed,
  nowOf,
  tick,
  timedChain,
} from './timed.ts'
import { timedDrawing, timedParams, timedStory } from './timed.ts'
import type { World } from './world.ts'
import { STAKE, STATUS, UNBONDING_BLOCKS, allowed, anyTime, blockNumber, join, label } from './world.ts'
import { headerOf, publish, registered, registeredMany, taskParams } from './world.ts'

const connection = await timedChain()
const { loadFixture } = connection.networkHelpers
const RUNNING = allowed('Active', 'Finalizing')
const MAX_32 = 2n ** 32n - 1n

const empty = () => deployTimed(connection)
async function started() {
  const w = await deployTimed(connection)
  return { w, ...(await timedStory(w)) }
}
async function fresh() {
  const { w, story, actors } = await loadFixture(started)
  return { w, story: story.copy(), actors }
}
const statusOf = async (w: World, taskId: bigint) => (await w.board.statusOf(taskId)).status

/** Mines until the task is Finalizing, with a checkpoint an hour; blocks of five minutes. */
async function toTheEnd({ w, story }: Awaited<ReturnType<typeof fresh>>): Promise<void> {
  while ((await statusOf(w, story.taskId)) === STATUS.Active) {
    await story.accept()
    for (let i = 0; i < 12 && (await statusOf(w, story.taskId)) === STATUS.Active; i++) await tick(w, 1, 300n)
  }
}

describe('A chain that stops for six hours', function () {
  this.timeout(240_000)

  it('before the end: the task is not over in its first block, and members have all the blocks of the stall', async () => {
    const { w, story } = await fresh()
    await story.accept()
    await tick(w, 1, STOP)
    expect(await statusOf(w, story.taskId)).to.equal(STATUS.Active)
    const { number } = (await w.log.head(story.taskId)).lastAt
    await tick(w, number + 40n - (await blockNumber(w)) - 1n, 12n)
    await story.accept()
    await tick(w, 1, STOP)
    expect(await statusOf(w, story.taskId)).to.equal(STATUS.Active)
  })

  it('in sign-up and before the drawing: keys still sign up, and the cluster is drawn', async () => {
    const w = await loadFixture(empty)
    const actors = await registeredMany(w, 4)
    const params = await timedParams(w)
    const taskId = await publish(w, params)
    await tick(w, 1, STOP)
    for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
    await tick(w, 22, 1n)
    await tick(w, 1, STOP)
    await tick(w, 10, 1n)
    const seed = { number: BigInt(params.joinDeadline!) + 6n, time: BigInt(params.joinTime!) + 300n }
    await w.board.form(...(await timedDrawing(w, taskId, seed))!.args)
    expect(await statusOf(w, taskId)).to.equal(STATUS.Active)
  })

  it('while Finalizing: what was decided is still brought in and paid', async () => {
    const all = await fresh()
    const { w, story } = all
    // the end's block comes after its time, and the last checkpoint in the block before
    const { endBlock } = await w.board
      .queryFilter(w.board.filters.TaskPublished(story.taskId))
      .then(([published]) => published!.args.params)
    while ((await blockNumber(w)) < endBlock - 2n) {
      await story.accept()
      const left = endBlock - 2n - (await blockNumber(w))
      await tick(w, left < 30n ? left : 30n, 250n)
    }
    await story.accept()
    await tick(w, 1, 250n)
    expect(await statusOf(w, story.taskId)).to.equal(STATUS.Finalizing)
    await tick(w, 1, STOP)
    expect(await statusOf(w, story.taskId)).to.equal(STATUS.Finalizing)
    const { last } = story
    await story.accept(1)
    expect((await w.log.tally(story.taskId)).last).to.equal(last + 1n)
  })

  it('in the evidence window: proofs are taken for all its blocks, and nothing is paid before', async () => {
    const all = await fresh()
    const { w, story } = all
    await toTheEnd(all)
    await tick(w, 12, 300n)
    const { status, closedAt } = await w.board.statusOf(story.taskId)
    expect(status).to.equal(STATUS.Closed)
    await tick(w, 1, STOP)
    const left = closedAt.number + TIMED.evidence - (await blockNumber(w))
    expect(left).to.be.greaterThan(10n)
    const claim = w.board.connect(w.client).claim(story.taskId)
    const opensAt = closedAt.number + TIMED.evidence + 1n
    const opensAtTime = closedAt.time + TIMED.evidenceSeconds
    await refused(claim, w.board, 'TooEarly', anyTime, opensAt, anyTime, opensAtTime)
    await tick(w, left - 2n, 1n)
    await report(w, w.mallory, proofOf(story, 0, 'equivocation'))
    await tick(w, 2, 1n)
    await refused(
      report(w, w.mallory, proofOf(story, 1, 'equivocation')),
      w.board,
      'TooLate',
      anyTime,
      opensAt - 1n,
      anyTime,
      opensAtTime,
    )
    await w.board.connect(w.client).claim(story.taskId)
  })

  for (const [what, blocks, seconds] of [
    ['a stop', 1n, STOP],
    ['fast blocks', TIMED.jail + 2n, 1n],
  ] as const)
    it(`in jail: ${what} lets nobody out, blocks and seconds do`, async () => {
      const { w, story } = await fresh()
      const convicted = story.members[0]!
      const spare = await registered(w, 'spare', convicted.name)
      await report(w, w.mallory, proofOf(story, 0, 'equivocation'))
      const { jailedUntil, jailedUntilTime } = await w.registry.account(convicted.operatorAddress)
      const { number, time } = await nowOf(w)
      expect([jailedUntil, jailedUntilTime]).to.deep.equal([number + TIMED.jail, time + TIMED.jailSeconds])
      await connection.networkHelpers.mine(blocks, { interval: Number(seconds) })
      const params = await timedParams(w, { joinDeadline: number + 600n, endBlock: number + 900n })
      const taskId = await publish(w, { ...params, joinTime: time + 15n * HOURS })
      const attempt = () => join(w, spare.node, taskId, spare.keyAddress)
      await expect(attempt()).to.be.revertedWithCustomError(w.registry, 'KeyStatusNotAllowed')
      await connection.networkHelpers.mine(TIMED.jail, { interval: 60 })
      await attempt()
    })

  it('in unbonding: neither a stop nor fast blocks let stake go early', async () => {
    const { w, actors } = await fresh()
    const { operator, operatorAddress } = actors[0]!
    const registry = w.registry.connect(operator)
    await registry.requestUnbond(1)
    const { number, time } = await nowOf(w)
    const tranche = await w.registry.trancheOf(operatorAddress, 0)
    const ends = [number + UNBONDING_BLOCKS, time + UNBONDING_SECONDS]
    expect([tranche.unbondingEndsAt, tranche.unbondingEndsTime]).to.deep.equal(ends)
    await tick(w, 1, UNBONDING_SECONDS)
    await refused(registry.withdraw(0), w.registry, 'TooEarly', anyTime, ends[0], anyTime, ends[1])
    await registry.requestUnbond(1)
    const second = (await nowOf(w)).time + UNBONDING_SECONDS
    await connection.networkHelpers.mine(UNBONDING_BLOCKS + 1n, { interval: 1 })
    await registry.withdraw(0)
    await refused(registry.withdraw(1), w.registry, 'TooEarly', anyTime, anyTime, anyTime, second)
    await delay(w, second - (await nowOf(w)).time)
    await registry.withdraw(1)
    expect(await w.token.balanceOf(operatorAddress)).to.equal(100n * STAKE - STAKE + 2n)
  })
})

describe('Blocks that come fast, or at the same time', function () {
  this.timeout(240_000)

  it('L-windows: end neither sign-up nor silence nor a task before its seconds', async () => {
    const { w, story } = await fresh()
    await story.accept()
    for (const seconds of [0n, 1n]) {
      await tick(w, 120, seconds)
      expect(await statusOf(w, story.taskId)).to.equal(STATUS.Active)
    }
    await story.accept()
    await tick(w, 1, 2n * HOURS)
    await tick(w, 39, 0n)
    expect(await statusOf(w, story.taskId)).to.equal(STATUS.Active)
    await tick(w, 1, 0n)
    expect(await statusOf(w, story.taskId)).to.equal(STATUS.NoQuorum)
    await refused(
      story.attempt(story.next()),
      w.log,
      'StatusNotAllowed',
      story.taskId,
      STATUS.NoQuorum,
      RUNNING,
    )
  })

  it('leave sign-up open until its second', async () => {
    const w = await loadFixture(empty)
    const actors = await registeredMany(w, 4)
    const [alice] = actors
    const params = await timedParams(w)
    const taskId = await publish(w, params)
    await tick(w, 40, 0n)
    for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
    const { time } = await nowOf(w)
    await delay(w, BigInt(params.joinTime!) - time)
    const quit = w.board.connect(alice!.node).quit(taskId, alice!.keyAddress)
    await refused(quit, w.board, 'TooLate', anyTime, params.joinDeadline, params.joinTime, params.joinTime)
    expect(await statusOf(w, taskId)).to.equal(STATUS.Open)
  })
})

describe('What a client may ask for', () => {
  it('has its seconds in every deployment that counts them, and none in another', async () => {
    const w = await loadFixture(empty)
    const board = w.board.connect(w.client)
    const { time } = await nowOf(w)
    const now = time + 10n
    const draw = TIMED.seedDelaySeconds + TIMED.graceSeconds
    const good = await taskParams(w, await timedParams(w))
    const endMax = now + TIMED.taskSecondsMax
    const cases: [string, bigint[], bigint, bigint][] = [
      ['endTime', [0n, now + draw, endMax + 1n, 2n ** 64n - 1n], now + draw + 1n, endMax],
      ['joinTime', [0n, now, BigInt(good.endTime) - draw + 1n], now + 1n, BigInt(good.endTime) - draw],
      ['stallSeconds', [0n, TIMED.graceSeconds], TIMED.graceSeconds + 1n, MAX_32],
    ]
    for (const [field, values, least, most] of cases)
      for (const value of values) {
        await delay(w, now - (await nowOf(w)).time)
        const call = board.publish.staticCall({ ...good, [field]: value }, { blockTag: 'pending' })
        await refused(call, w.board, 'OutOfBounds', label(field), value, least, most)
      }
  })
})

describe('A seed that is found by time', () => {
  it('is the first block that reaches both; its parent and its successor are refused', async () => {
    const w = await loadFixture(empty)
    const actors = await registeredMany(w, 4)
    const params = await timedParams(w)
    const taskId = await publish(w, params)
    for (const { node, keyAddress } of actors) await join(w, node, taskId, keyAddress)
    await tick(w, 30, 10n)
    const seed = { number: BigInt(params.joinDeadline!) + 6n, time: BigInt(params.joinTime!) + 300n }
    const early = w.board.form(taskId, await headerOf(w, seed.number), '0x')
    await refused(early, w.board, 'TooEarly', anyTime, seed.number + 1n, anyTime, seed.time)
    await delay(w, seed.time - 1n - (await nowOf(w)).time)
    await connection.networkHelpers.mine(1)
    await tick(w, 3, 1n)
    const { block, args } = (await timedDrawing(w, taskId, seed))!
    expect(block).to.be.greaterThan(seed.number + 1n)
    const [before, itself, after] = await Promise.all([-1n, 0n, 1n].map((i) => headerOf(w, block + i)))
    const grand = await headerOf(w, block - 2n)
    const attempt = (header: string, parent: string) => w.board.form(taskId, header, parent)
    const first = [seed.number, seed.time]
    await refused(attempt(before!, grand), w.board, 'NotTheFirst', block - 1n, seed.time - 1n, ...first)
    await refused(attempt(after!, itself!), w.board, 'NotTheFirst', block + 1n, seed.time, ...first)
    const foreign = connection.ethers.keccak256(grand)
    await refused(attempt(itself!, grand), w.board, 'NotTheHeader', block - 1n, foreign, anyTime)
    await refused(attempt(itself!, '0x'), w.board, 'NotTheHeader', block - 1n, anyTime, anyTime)
    await w.board.form(...args)
    expect(await statusOf(w, taskId)).to.equal(STATUS.Active)
  })
})

describe('A client who chooses pairs', function () {
  this.timeout(240_000)

  for (const [what, pair] of [
    ['a near block and a far second', { endBlock: 60n, endTime: 30n * HOURS }],
    ['a far block and a near second', { endBlock: 1_500n, endTime: 3n * HOURS }],
  ] as const)
    it(`${what}: members are paid for what they decide until both, and the client gets the rest`, async () => {
      const w = await loadFixture(empty)
      const { number, time } = await nowOf(w)
      const chosen = { endBlock: number + pair.endBlock, endTime: time + pair.endTime }
      const { story } = await timedStory(w, { ...chosen, heights: 6n, epochHeights: 2n, checkpointFee: 0n })
      // neither of the two alone ends it
      for (let i = 0; i < 2; i++) {
        await story.accept(2)
        await tick(w, 35, pair.endBlock < 100n ? 1n : 200n)
        expect(await statusOf(w, story.taskId)).to.equal(STATUS.Active)
      }
      const { number: block, time: second } = await nowOf(w)
      expect([block > chosen.endBlock, second > chosen.endTime].filter(Boolean)).to.have.length(1)
      await story.accept(2)
      await tick(w, 12, 100n)
      await tick(w, 31, 300n)
      const before = await w.token.balanceOf(w.board)
      for (const { operator } of story.members) await w.board.connect(operator).claim(story.taskId)
      expect(before - (await w.token.balanceOf(w.board))).to.equal(4n * ((42n * 6n) / 4n))
    })
})
