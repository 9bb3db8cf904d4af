/**
 * Tasks with random pairs on a chain with random clocks, against the rule in TypeScript: same status, a status never goes
 * back, the moment of closing stays, evidence is taken until its blocks and its seconds are over, and the escrow holds.
 */
import { expect } from 'chai'
import type { Life, LifeFacts } from '../../src/types/life.ts'
import { lifeAt, seedAt } from '../../src/types/life.ts'
import { isReached } from '../../src/types/moment.ts'
import type { Moment } from '../../src/types/moment.ts'
import { TASK_STATUSES } from '../../src/types/task.ts'
import type { TaskParams as Params } from '../../src/types/task.ts'
import { Dice } from '../helpers/twin-cases.ts'
import { HOURS, STOP, TIMED, delay, deployTimed, nowOf, tick, timedChain, timedDrawing } from './timed.ts'
import type { Actor, Story, World } from './world.ts'
import { STATUS, form, join, publish, registeredMany } from './world.ts'

const SEED = Number(process.env['RSDP_SEED'] ?? 20261121)
const WALKS = 20
const STEPS = 60
const ORDER = ['Open', 'Active', 'Finalizing', 'Closed']

const connection = await timedChain()
const { loadFixture } = connection.networkHelpers

async function ready() {
  const w = await deployTimed(connection)
  return { w, actors: await registeredMany(w, 4) }
}

/** Blocks and seconds of a task, each of the two free of the other. */
function pairs(dice: Dice, { number, time }: Moment) {
  const n = Number(number)
  const t = Number(time)
  const joinDeadline = n + 8 + dice.below(12)
  const joinTime = t + dice.pick([10, 200, 2_000])
  const draw = Number(TIMED.seedDelaySeconds + TIMED.graceSeconds)
  return {
    ...{ joinDeadline, joinTime, minNodes: 4 },
    endBlock: joinDeadline + 8 + dice.pick([1, 20, 60, 300]),
    endTime: joinTime + draw + dice.pick([0, 300, 3_600, 40_000]),
    stallBlocks: 32 + dice.pick([0, 30]),
    stallSeconds: Number(TIMED.graceSeconds) + 1 + dice.pick([0, 1_000, 9_000]),
  }
}

class Walk {
  readonly w: World
  readonly actors: readonly Actor[]
  readonly dice: Dice
  readonly taskId: bigint
  facts: LifeFacts
  story: Story | null = null
  before: Life | null = null
  readonly seen = new Set<string>()
  /** Out of ten: how often the members submit. */
  readonly zeal: number

  constructor(w: World, actors: readonly Actor[], dice: Dice, taskId: bigint, facts: LifeFacts) {
    this.w = w
    this.actors = actors
    this.dice = dice
    this.taskId = taskId
    this.facts = facts
    this.zeal = dice.pick([0, 1, 5])
  }

  async step(): Promise<void> {
    const { dice, w } = this
    const at = await nowOf(w)
    const status = lifeAt(this.facts, at).status
    const next = dice.below(10)
    if (status === 'Open' && next < 4) await this.draw()
    else if (status === 'Active' && next < this.zeal) await this.checkpoint()
    else if (status === 'Finalizing' && next < 3) await this.checkpoint()
    else if ((status === 'Active' || status === 'Open') && dice.chance(3)) await this.revoke()
    else await tick(w, 1 + dice.below(dice.pick([2, 30])), dice.pick([0n, 1n, 12n, 60n, 900n, STOP]))
    await this.compare()
  }

  async draw(): Promise<void> {
    const drawing = await timedDrawing(this.w, this.taskId, seedAt(this.facts.params, this.facts))
    if (drawing === null || (await nowOf(this.w)).number <= drawing.block) return
    this.story = await form(this.w, this.taskId, this.actors, drawing.args)
    this.facts = { ...this.facts, formed: await nowOf(this.w), idle: this.facts.revoked !== null }
  }

  async checkpoint(): Promise<void> {
    const { story, facts } = this
    if (story === null) return
    const heights = facts.params.heights
    const left = Math.min(heights, Number(await this.w.log.limitOf(this.taskId))) - Number(story.last)
    if (left <= 0) return tick(this.w, 1, 1n)
    await story.accept(1)
    const at = await nowOf(this.w)
    // what the rule says of the block it came in, without it
    if (lifeAt(facts, at).status === 'Active')
      this.facts = { ...facts, anchored: at, complete: Number(story.last) === heights }
  }

  async revoke(): Promise<void> {
    if (this.facts.revoked !== null) return
    await this.w.board.connect(this.w.client).revoke(this.taskId)
    this.facts = { ...this.facts, revoked: await nowOf(this.w) }
  }

  async compare(): Promise<void> {
    const at = await nowOf(this.w)
    const life = lifeAt(this.facts, at)
    const { status, closedAt } = await this.w.board.statusOf(this.taskId)
    const opensAt = await this.w.board.claimsOpenAt(this.taskId)
    const none = { number: 0n, time: 0n }
    expect(TASK_STATUSES[Number(status)]).to.equal(life.status)
    expect({ number: closedAt.number, time: closedAt.time }).to.deep.equal(life.closedAt ?? none)
    expect({ number: opensAt.number, time: opensAt.time }).to.deep.equal(life.claimsOpenAt ?? none)
    if (life.closedAt !== null) expect(isReached(life.closedAt, at)).to.equal(true)
    this.#monotone(life)
    this.before = life
    this.seen.add(life.status)
  }

  #monotone(life: Life): void {
    const { before } = this
    if (before === null) return
    if (before.closedAt !== null) expect(life).to.deep.equal(before)
    const [was, is] = [before, life].map(({ status }) => ORDER.indexOf(status)) as [number, number]
    if (was >= 0 && is >= 0) expect(is).to.be.gte(was)
    // blocks of the evidence window are counted from a block in which somebody could still act
    const { anchored, formed, params } = this.facts
    const last = anchored ?? formed
    const least =
      params.stallBlocks < Number(TIMED.closeGrace) ? BigInt(params.stallBlocks) : TIMED.closeGrace
    if (life.closedAt !== null && last !== null) expect(life.closedAt.number).to.be.gte(last.number + least)
  }

  /** Until claims are open everything is refused; then all that the board holds is what it has burnt. */
  async settle(): Promise<void> {
    const { w, taskId } = this
    for (let i = 0; i < 500 && !(await this.#isOpen()); i++) {
      await w.board
        .connect(w.client)
        .claim.staticCall(taskId)
        .then(
          () => expect.fail('paid before its time'),
          (error: unknown) => expect(String(error)).to.match(/TooEarly|StatusNotAllowed/),
        )
      await tick(w, 5, this.dice.pick([0n, 60n, HOURS]))
      await this.compare()
    }
    const accounts = [w.client, ...new Set((this.story?.members ?? []).map(({ operator }) => operator))]
    for (const account of accounts)
      await w.board
        .connect(account)
        .claim(taskId)
        .catch((error: unknown) => expect(String(error)).to.include('NothingToClaim'))
    expect(await w.token.balanceOf(w.board)).to.equal(await w.board.burnt())
    for (const key of this.actors.map(({ keyAddress }) => keyAddress))
      if ((await w.registry.lockOf(taskId, key)) > 0n) await w.board.release(taskId, key)
    for (const { operatorAddress } of this.actors)
      expect((await w.registry.account(operatorAddress)).locked).to.equal(0n)
  }

  async #isOpen(): Promise<boolean> {
    const { claimsOpenAt } = lifeAt(this.facts, await nowOf(this.w))
    return claimsOpenAt !== null && isReached(claimsOpenAt, await nowOf(this.w))
  }
}

/** @param quiet members say nothing once they are drawn, and the task would go on for long */
async function walk(seed: number, quiet: boolean): Promise<ReadonlySet<string>> {
  const { w, actors } = await loadFixture(ready)
  const dice = new Dice(seed)
  const drawn = pairs(dice, await nowOf(w))
  const { joinDeadline, joinTime } = drawn
  const far = { endBlock: joinDeadline + 300, endTime: joinTime + 40_000, stallBlocks: 32, stallSeconds: 901 }
  const given = quiet ? { ...drawn, ...far } : drawn
  const heights = 1 + dice.below(9)
  await delay(w, 1n)
  const taskId = await publish(w, { ...given, heights, epochHeights: 1 + dice.below(4) })
  const joining = quiet || dice.chance(90) ? actors : actors.slice(1)
  for (const { node, keyAddress } of joining) await join(w, node, taskId, keyAddress)
  const facts: LifeFacts = {
    ...TIMED,
    formWindow: await w.board.formWindow(),
    params: { ...given, heights } as unknown as Params,
    ...{ signups: joining.length, formed: null, revoked: null, idle: false, anchored: null, complete: false },
  }
  const one = new Walk(w, actors, dice, taskId, facts)
  if (quiet) {
    await tick(w, 45, 60n)
    await one.draw()
  }
  for (let i = 0; i < STEPS && !quiet; i++) await one.step()
  await one.settle()
  return one.seen
}

describe('Random clocks', function () {
  this.timeout(600_000)

  it(`${WALKS} tasks stand where the rule says, and pay what they hold (RSDP_SEED=${SEED})`, async () => {
    const seen = new Set<string>()
    for (let i = 0; i < WALKS; i++) {
      try {
        for (const status of await walk(SEED + i, i % 5 === 4)) seen.add(status)
      } catch (error) {
        throw new Error(`RSDP_SEED=${SEED + i}: ${(error as Error).message}`, { cause: error })
      }
    }
    expect([...seen]).to.include.members(Object.keys(STATUS).filter((name) => name !== 'None'))
  })
})
