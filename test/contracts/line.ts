import { expect } from 'chai'
import { toBeHex } from 'ethers'
import { network } from 'hardhat'
import { proofOf, report } from './evidence.ts'
import type { Line } from './lines.ts'
import {
  BEFORE,
  FEE,
  HEIGHTS,
  LENGTH,
  SIGN_UP,
  STALL,
  books,
  drawn,
  finished,
  opened,
  planOf,
  publishResult,
  renew,
  renewed,
  wait,
} from './lines.ts'
import { refused } from './refused.ts'
import type { Actor, World } from './world.ts'
import {
  STATUS,
  WINDOWS,
  blockNumber,
  claimsOpenAt,
  deployWorld,
  label,
  mineTo,
  registeredMany,
  standingOf,
} from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const ANYTHING = [0, 1, 2].map(() => () => true)

async function four(): Promise<{ w: World; actors: Actor[]; l: Line }> {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 4)
  return { w, actors, l: await opened(w, await planOf(w)) }
}

const paramsOf = async (w: World, taskId: bigint) =>
  (await w.board.queryFilter(w.board.filters.TaskPublished(taskId)))[0]!.args.params

/** Refused now, accepted in the block after. */
async function duePrecisely(l: Line, block: bigint, ...why: unknown[]): Promise<bigint> {
  await mineTo(l.w, block - 2n)
  await refused(renew(l), l.line, 'NotDue', ...why)
  await mineTo(l.w, block - 1n)
  return renewed(l)
}

describe('TaskLines', () => {
  it('knows its own lines, and refuses a plan of which the board takes no task', async () => {
    const { w, l } = await loadFixture(four)
    expect(await w.lines.isLine(l.line)).to.equal(true)
    expect(await w.lines.isLine(w.client)).to.equal(false)
    expect(await l.line.board()).to.equal(await w.board.getAddress())
    const refuse = async (plan: Line['plan'], field: string) =>
      refused(w.lines.open(plan), l.line, 'OutOfBounds', label(field), ...ANYTHING)
    await refuse(await planOf(w, {}, { predecessor: 1n }), 'predecessor')
    await refuse(await planOf(w, {}, { stallBlocks: 3n }), 'stallBlocks')
    await refuse(await planOf(w, {}, { endBlock: 3_000n }), 'endBlock')
    await refuse(await planOf(w, { renewBeforeBlocks: LENGTH }), 'renewBeforeBlocks')
    await refuse(await planOf(w, { renewBeforeSeconds: 1n }), 'renewBeforeSeconds')
    await refuse(await planOf(w, { renewBeforeHeights: HEIGHTS }), 'renewBeforeHeights')
    await refuse(await planOf(w, { paceBlocks: LENGTH + 1n }), 'paceBlocks')
    await refuse(await planOf(w, { paceSeconds: 1n }), 'paceSeconds')
  })
})

describe('TaskLine.renew', () => {
  it('publishes the first task for anybody, with times from now on, and pays the fee', async () => {
    const { w, l } = await loadFixture(four)
    const before = await blockNumber(w)
    const call = renew(l)
    await expect(call).to.changeTokenBalance(connection.ethers, w.token, w.mallory, FEE)
    const taskId = await w.board.tasks()
    const now = before + 1n
    const { client, escrow } = await w.board.task(taskId)
    expect(client).to.equal(await l.line.getAddress())
    const params = await paramsOf(w, taskId)
    expect(params.joinDeadline).to.equal(now + SIGN_UP)
    expect(params.endBlock).to.equal(now + LENGTH)
    expect([params.predecessor, params.reducerParams]).to.deep.equal([0n, '0x0102'])
    await expect(call).to.emit(l.line, 'Renewed').withArgs(taskId, 0, 0, w.mallory, FEE, escrow)
    expect(await books(l)).to.deep.equal({ held: 10_000n - escrow - FEE, budget: 10_000n - escrow - FEE })
    expect(await w.token.allowance(l.line, w.board)).to.equal(0)
  })

  it('refuses another plan, and a budget that pays for the task but not for the fee', async () => {
    const { w, l } = await loadFixture(four)
    const other = { ...l.plan, renewFee: 8n }
    await refused(l.line.renew(other), l.line, 'OtherPlan')
    const needed = 8n * 42n + 9n * 8n + FEE
    const poor = await opened(w, l.plan, needed - 1n)
    await refused(renew(poor), poor.line, 'BudgetTooLow', needed - 1n, needed)
    // what somebody sends without `fund` is nobody's
    await w.token.connect(w.client).transfer(poor.line, 5n)
    await refused(renew(poor), poor.line, 'BudgetTooLow', needed - 1n, needed)
    await poor.line.connect(w.client).fund(1n)
    await renew(poor)
    expect(await books(poor)).to.deep.equal({ held: 5n, budget: 0n })
  })

  it('is due once for a seam, to the block: not while sign-up is open, nor without an accepted height', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    await refused(renew(l), l.line, 'NotDue', first, STATUS.Open, 0)
    const story = await drawn(w, first, actors)
    await refused(renew(l), l.line, 'NotDue', first, STATUS.Active, 0)
    await story.accept(1)
    expect(await l.line.seam()).to.deep.equal([false, false, true, first])
  })

  it('is due `renewBeforeBlocks` before the end, and no block sooner', async () => {
    const { w, actors } = await loadFixture(four)
    const l = await opened(w, await planOf(w, {}, { stallBlocks: 400n }))
    const first = await renewed(l)
    const story = await drawn(w, first, actors)
    await story.accept(1)
    const { endBlock } = await paramsOf(w, first)
    const second = await duePrecisely(l, endBlock - BEFORE, first, STATUS.Active, 1)
    expect(await l.line.predecessorOf(second)).to.equal(first)
    expect((await paramsOf(w, second)).predecessor).to.equal(first)
    await refused(renew(l), l.line, 'NotDue', second, STATUS.Open, 0)
  })

  it('is due once no more than `renewBeforeHeights` are left, and after the last', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    const story = await drawn(w, first, actors)
    await story.accept(4)
    await story.accept(1)
    await refused(renew(l), l.line, 'NotDue', first, STATUS.Active, 5)
    await story.accept(1)
    expect(await l.line.seam()).to.deep.equal([true, false, true, first])
    await finished(story, HEIGHTS)
    const second = await renewed(l)
    expect(await l.line.predecessorOf(second)).to.equal(first)
    expect((await l.line.standing()).generation).to.equal(0)
  })

  it('LN-3: never sooner than `pace…` after the last one, however fast a cluster is', async () => {
    const { w, actors } = await loadFixture(four)
    const l = await opened(w, await planOf(w, { paceBlocks: 100n }))
    const first = await renewed(l)
    const published = await blockNumber(w)
    await finished(await drawn(w, first, actors), HEIGHTS)
    await duePrecisely(l, published + 100n, first, STATUS.Closed, HEIGHTS)
  })

  it('LN-1: goes on from the same task where one expired, and pays nothing for it', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    await finished(await drawn(w, first, actors), HEIGHTS)
    const second = await renewed(l)
    await mineTo(w, (await paramsOf(w, second)).joinDeadline + 1n)
    expect((await standingOf(w, second))[0]).to.equal(STATUS.Expired)
    await expect(l.line.collect(second)).to.emit(l.line, 'Collected')
    const call = renew(l)
    await expect(call).to.changeTokenBalance(connection.ethers, w.token, w.mallory, 0n)
    const third = await w.board.tasks()
    expect(await l.line.predecessorOf(third)).to.equal(first)
    expect((await l.line.standing()).generation).to.equal(0)
  })

  it('goes on four silences after the last checkpoint, to the block, with the next generation', async () => {
    const { w, actors } = await loadFixture(four)
    const l = await opened(w, await planOf(w, { withGeneration: true }))
    const first = await renewed(l)
    expect((await paramsOf(w, first)).reducerParams).to.equal(`0x0102${toBeHex(0, 8).slice(2)}`)
    const story = await drawn(w, first, actors)
    const rootBefore = story.root
    await story.accept(1)
    const at = (await blockNumber(w)) + 4n * STALL
    await wait(w, STALL + 1n)
    await publishResult(story, rootBefore)
    const second = await duePrecisely(l, at, first, STATUS.NoQuorum, 1)
    expect(await l.line.predecessorOf(second)).to.equal(first)
    expect((await paramsOf(w, second)).reducerParams).to.equal(`0x0102${toBeHex(1, 8).slice(2)}`)
  })

  it('LN-1: leaves out a task that died without an accepted height: next generation, no fee', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    await finished(await drawn(w, first, actors), HEIGHTS)
    const second = await renewed(l)
    await drawn(w, second, actors)
    const at = (await blockNumber(w)) + 4n * STALL
    const balance = await w.token.balanceOf(w.mallory)
    const third = await duePrecisely(l, at, second, STATUS.NoQuorum, 0)
    expect(await w.token.balanceOf(w.mallory)).to.equal(balance)
    expect(await l.line.predecessorOf(third)).to.equal(first)
    expect((await l.line.standing()).generation).to.equal(1)
  })

  it('leaves out a task whose result nobody has published by the end of its evidence window', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    await finished(await drawn(w, first, actors), HEIGHTS)
    const second = await renewed(l)
    const story = await drawn(w, second, actors)
    await story.accept(1)
    await wait(w, STALL + 1n)
    const opensAt = await claimsOpenAt(w, second)
    await wait(w, 4n * STALL)
    expect(await blockNumber(w)).greaterThanOrEqual(opensAt)
    expect(await l.line.seam()).to.deep.equal([true, true, true, first])
    const third = await renewed(l)
    expect(await l.line.predecessorOf(third)).to.equal(first)
  })

  it('LN-2: leaves out a tainted task', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    await finished(await drawn(w, first, actors), HEIGHTS)
    const second = await renewed(l)
    const story = await drawn(w, second, actors)
    await finished(story, HEIGHTS)
    expect((await l.line.seam()).predecessor).to.equal(second)
    for (const member of [0, 1, 2])
      await report(w, w.mallory, proofOf(story, member, 'equivocation', 'Share'))
    expect(await l.line.seam()).to.deep.equal([true, true, true, first])
  })
})

describe('TaskLine’s books', () => {
  it('takes back what a task did not spend, for anybody who asks, and holds what its book says', async () => {
    const { w, actors, l } = await loadFixture(four)
    const first = await renewed(l)
    const { escrow } = await w.board.task(first)
    const story = await drawn(w, first, actors)
    await finished(story, HEIGHTS)
    await refused(l.line.collect(first), w.board, 'StatusNotAllowed')
    await wait(w, WINDOWS.closeGrace)
    await mineTo(w, await claimsOpenAt(w, first))
    const { feesDue } = await w.log.tally(first)
    const rest = escrow - HEIGHTS * 42n - feesDue * 9n
    await expect(l.line.connect(w.mallory).collect(first)).to.emit(l.line, 'Collected').withArgs(first, rest)
    expect(await books(l)).to.deep.equal({
      held: 10_000n - escrow - FEE + rest,
      budget: 10_000n - escrow - FEE + rest,
    })
    await refused(l.line.collect(first), w.board, 'NothingToClaim', first, l.line)
    await refused(l.line.collect(99n), w.board, 'StatusNotAllowed')
    await refused(l.line.fund(0), l.line, 'NothingToMove')
  })

  it('is closed by its owner after the notice, and pays the rest to it alone', async () => {
    const { w, l } = await loadFixture(four)
    const first = await renewed(l)
    for (const call of [l.line.connect(w.mallory).closeLine(), l.line.connect(w.mallory).withdraw()])
      await refused(call, l.line, 'NotAllowed', w.mallory, w.client)
    const line = l.line.connect(w.client)
    await refused(line.withdraw(), line, 'TooEarly')
    await line.closeLine()
    const at = (await blockNumber(w)) + LENGTH
    await refused(line.closeLine(), line, 'LineClosed')
    await refused(line.announce(l.plan), line, 'LineClosed')
    await mineTo(w, (await paramsOf(w, first)).joinDeadline + 1n)
    await line.collect(first)
    // the notice is not over: the line goes on
    const second = await renewed(l)
    await mineTo(w, at - 2n)
    await refused(line.withdraw(), line, 'TooEarly')
    await mineTo(w, at - 1n)
    await refused(renew(l), line, 'LineClosed', at, 0)
    await expect(line.withdraw()).to.changeTokenBalance(
      connection.ethers,
      w.token,
      w.client,
      (await books(l)).budget,
    )
    expect(await books(l)).to.deep.equal({ held: 0n, budget: 0n })
    await refused(line.withdraw(), line, 'NothingToMove')
    await line.collect(second)
    await line.withdraw()
    // all that is gone is the fee of the first task
    expect(await w.token.balanceOf(w.mallory)).to.equal(FEE)
    expect(await w.token.balanceOf(w.board)).to.equal(0)
  })

  it('changes its plan one task’s length after its owner has announced it, to the block', async () => {
    const { w, l } = await loadFixture(four)
    const line = l.line.connect(w.client)
    const other = { ...l, plan: { ...l.plan, renewFee: 1_000n } }
    await refused(l.line.connect(w.mallory).announce(other.plan), line, 'NotAllowed', w.mallory, w.client)
    await refused(
      line.announce(await planOf(w, {}, { stallBlocks: 1n })),
      line,
      'OutOfBounds',
      label('stallBlocks'),
      ...[1n, 32n, 2n ** 32n - 1n],
    )
    await line.announce(other.plan)
    const at = (await blockNumber(w)) + LENGTH
    await refused(renew(other), line, 'OtherPlan')
    await mineTo(w, at - 2n)
    const before = await connection.networkHelpers.takeSnapshot()
    await renew(l)
    await before.restore()
    await mineTo(w, at - 1n)
    await refused(renew(l), line, 'OtherPlan')
    await renew(other)
    expect((await line.standing()).nextPlanHash).to.match(/^0x0+$/)
    expect(await w.token.balanceOf(w.mallory)).to.equal(1_000n)
  })
})
