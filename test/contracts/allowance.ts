/** What a signing key may lock by itself, and what whoever stole it can lose its operator. */
import { expect } from 'chai'
import fc from 'fast-check'
import { network } from 'hardhat'
import { holdsAsync } from '../helpers/holds.ts'
import { proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import type { World } from './world.ts'
import { NOBODY, ONE_MULTIADDR, STAKE, UNBONDING_BLOCKS, WINDOWS, blockNumber, consent } from './world.ts'
import {
  deployWorld,
  form,
  join,
  label,
  mineTo,
  newActor,
  publish,
  registered,
  registeredMany,
} from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LOCK = 100n

async function people() {
  const w = await deployWorld(connection)
  const alice = await registered(w, 'alice')
  return { w, alice, bob: await newActor(w, 'bob') }
}

const allowanceOf = async (w: World, key: string): Promise<bigint[]> => [
  ...(await w.registry.allowanceOf(key)),
]

describe('setAllowance', () => {
  it('is for the wallet of the key’s operator alone', async () => {
    const { w, alice, bob } = await loadFixture(people)
    const asked = (by: typeof w.mallory) => w.registry.connect(by).setAllowance(alice.keyAddress, 1, 1)
    await refused(asked(alice.node), w.registry, 'NotAllowed', alice.keyAddress, alice.operatorAddress)
    await refused(asked(bob.operator), w.registry, 'NotAllowed', bob.operatorAddress, alice.operatorAddress)
    const nobodys = w.registry.connect(bob.operator).setAllowance(bob.keyAddress, 1, 1)
    await refused(nobodys, w.registry, 'NotAllowed', bob.operatorAddress, NOBODY)
  })

  it('refuses more for one task than for all', async () => {
    const { w, alice } = await loadFixture(people)
    const call = w.registry.connect(alice.operator).setAllowance(alice.keyAddress, 2, 1)
    await refused(call, w.registry, 'OutOfBounds', label('perTask'), 2, 0, 1)
  })

  it('may come with the registration; a new key may lock nothing, nor does a replaced one hand on what it had', async () => {
    const { w, alice, bob } = await loadFixture(people)
    const signature = await consent(w, bob.key, bob.operatorAddress)
    const register = (perTask: bigint, total: bigint) =>
      w.registry.connect(bob.operator).register(bob.publicKey, 0, perTask, total, ONE_MULTIADDR, signature)
    await refused(register(2n, 1n), w.registry, 'OutOfBounds', label('perTask'), 2, 0, 1)
    await expect(register(7n, 9n))
      .to.emit(w.registry, 'AllowanceSet')
      .withArgs(bob.operatorAddress, bob.keyAddress, 7, 9)
    expect(await allowanceOf(w, bob.keyAddress)).deep.equal([7n, 9n, 0n])
    const next = await newActor(w, 'next', 'alice')
    const agreed = await consent(w, next.key, alice.operatorAddress)
    await w.registry.connect(alice.operator).rotateKey(alice.keyAddress, next.publicKey, [], agreed)
    expect(await allowanceOf(w, next.keyAddress)).deep.equal([0n, 0n, 0n])
  })
})

describe('a key that signs up by itself', () => {
  async function open(perTask: bigint, total: bigint) {
    const w = await deployWorld(connection)
    const alice = await registered(w, 'alice')
    await w.registry.connect(alice.operator).setAllowance(alice.keyAddress, perTask, total)
    const tasks: bigint[] = []
    for (let i = 0; i < 4; i++) tasks.push(await publish(w, { stakePerNode: LOCK }))
    return { w, alice, tasks: tasks as [bigint, bigint, bigint, bigint] }
  }

  it('locks nothing without an allowance; its wallet does', async () => {
    const { w, alice, tasks } = await loadFixture(async function none() {
      return open(0n, 0n)
    })
    const call = join(w, alice.node, tasks[0], alice.keyAddress)
    await refused(call, w.registry, 'AllowanceExceeded', alice.keyAddress, LOCK, 0, 0)
    await join(w, alice.operator, tasks[0], alice.keyAddress)
    expect(await allowanceOf(w, alice.keyAddress)).deep.equal([0n, 0n, 0n])
  })

  it('keeps to the largest lock of one task', async () => {
    const { w, alice, tasks } = await loadFixture(async function small() {
      return open(LOCK - 1n, 10n * LOCK)
    })
    const call = join(w, alice.node, tasks[0], alice.keyAddress)
    await refused(call, w.registry, 'AllowanceExceeded', alice.keyAddress, LOCK, LOCK - 1n, 10n * LOCK)
  })

  it('keeps to the total of what it has running, which the wallet’s own sign-ups leave alone', async () => {
    const { w, alice, tasks } = await loadFixture(async function two() {
      return open(LOCK, 2n * LOCK)
    })
    const [first, second, third, fourth] = tasks
    await join(w, alice.operator, fourth, alice.keyAddress)
    await join(w, alice.node, first, alice.keyAddress)
    await join(w, alice.node, second, alice.keyAddress)
    const over = () => join(w, alice.node, third, alice.keyAddress)
    await refused(over(), w.registry, 'AllowanceExceeded', alice.keyAddress, LOCK, LOCK, 0)
    // the wallet's sign-up gives back nothing that was not taken
    await w.board.connect(alice.operator).quit(fourth, alice.keyAddress)
    await refused(over(), w.registry, 'AllowanceExceeded', alice.keyAddress, LOCK, LOCK, 0)
    await w.board.connect(alice.node).quit(first, alice.keyAddress)
    await over()
    await w.registry.connect(alice.operator).setAllowance(alice.keyAddress, LOCK, LOCK)
    expect(await allowanceOf(w, alice.keyAddress)).deep.equal([LOCK, LOCK, 2n * LOCK])
    const again = join(w, alice.node, first, alice.keyAddress)
    await refused(again, w.registry, 'AllowanceExceeded', alice.keyAddress, LOCK, LOCK, 0)
  })

  it('H-3: a thief of the key loses its operator the allowance, not the stake', async () => {
    const w = await deployWorld(connection)
    const [alice, ...others] = await registeredMany(w, 4)
    await w.registry.connect(alice!.operator).setAllowance(alice!.keyAddress, LOCK, 2n * LOCK)
    const joinDeadline = (await blockNumber(w)) + 30n
    const mine: bigint[] = []
    for (let i = 0; i < 3; i++) mine.push(await publish(w, { stakePerNode: LOCK, joinDeadline }))
    // a task of the thief's own that locks everything
    const greedy = await publish(w, { stakePerNode: STAKE, joinDeadline })
    const all = join(w, alice!.node, greedy, alice!.keyAddress)
    await refused(all, w.registry, 'AllowanceExceeded', alice!.keyAddress, STAKE, LOCK, 2n * LOCK)
    const [first, second, third] = mine as [bigint, bigint, bigint]
    for (const taskId of [first, second]) {
      await join(w, alice!.node, taskId, alice!.keyAddress)
      for (const { node, keyAddress } of others) await join(w, node, taskId, keyAddress)
    }
    const more = join(w, alice!.node, third, alice!.keyAddress)
    await refused(more, w.registry, 'AllowanceExceeded', alice!.keyAddress, LOCK, LOCK, 0)
    await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
    const stories = [await form(w, first, [alice!, ...others]), await form(w, second, [alice!, ...others])]
    for (const story of stories) {
      await report(w, w.mallory, proofOf(story, story.members.indexOf(alice!), 'equivocation'))
    }
    expect(await staked(w, alice!.operatorAddress)).equal(STAKE - 2n * LOCK)
    // what was slashed is not given back: nothing is left to lock, also by a key that were not jailed
    expect(await allowanceOf(w, alice!.keyAddress)).deep.equal([LOCK, 0n, 0n])
  })
})

const staked = async (w: World, operator: string): Promise<bigint> => {
  const { free, locked, unbonding } = await w.registry.account(operator)
  return free + locked + unbonding
}

type Deed =
  | { readonly kind: 'lock'; readonly task: number; readonly amount: number; readonly byKey: boolean }
  | { readonly kind: 'unlock'; readonly task: number }
  | { readonly kind: 'slash'; readonly task: number; readonly percent: number }
  | { readonly kind: 'allow'; readonly perTask: number; readonly total: number }

const task = fc.nat({ max: 4 })
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('lock' as const),
      task,
      amount: fc.integer({ min: 1, max: 120 }),
      byKey: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unlock' as const), task }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('slash' as const),
      task,
      percent: fc.integer({ min: 1, max: 100 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('allow' as const),
      perTask: fc.nat({ max: 150 }),
      total: fc.nat({ max: 300 }),
    }),
  },
)

/** A registry whose board is an account that may lock and slash as it likes: the worst that any task could do. */
async function bareRegistry() {
  const w = await deployWorld(connection)
  const [board] = (await connection.ethers.getSigners()).slice(5)
  const registry = await connection.ethers.deployContract('NodeRegistry', [
    w.token,
    board!,
    UNBONDING_BLOCKS,
    0,
    0,
  ])
  const alice = await newActor({ ...w, registry }, 'alice')
  const signature = await consent({ ...w, registry }, alice.key, alice.operatorAddress)
  await registry.connect(alice.operator).register(alice.publicKey, STAKE, 0, 0, [], signature)
  return { registry, board: board!, alice }
}

describe('H-3: whatever a thief of the key does', function () {
  this.timeout(120_000)

  it('it loses at most the larger of the allowance and what was running when it was set', async () => {
    await holdsAsync(
      fc.asyncProperty(fc.array(deed, { minLength: 15, maxLength: 30 }), async (rest) => {
        // something is allowed from the start: else most sequences lock nothing
        const deeds: Deed[] = [{ kind: 'allow', perTask: 120, total: 240 }, ...rest]
        const { registry, board, alice } = await loadFixture(bareRegistry)
        const asBoard = registry.connect(board)
        const key = alice.keyAddress
        const sent = new Set<number>()
        let [lost, bound] = [0n, 0n]
        for (const one of deeds) {
          if (one.kind === 'allow') {
            const call = registry.connect(alice.operator).setAllowance(key, one.perTask, one.total)
            if (one.perTask > one.total) {
              await refused(call, registry, 'OutOfBounds', label('perTask'), one.perTask, 0, one.total)
              continue
            }
            await call
            const { running } = await registry.allowanceOf(key)
            ;[lost, bound] = [0n, running > BigInt(one.total) ? running : BigInt(one.total)]
            continue
          }
          const held = await registry.lockOf(one.task, key)
          if (one.kind === 'lock') {
            const done = await asBoard.lock(one.task, key, one.amount, one.byKey).then(
              () => true,
              () => false,
            )
            if (done && one.byKey) sent.add(one.task)
            if (done && !one.byKey) sent.delete(one.task)
          } else if (one.kind === 'unlock' && held > 0n) {
            await asBoard.unlock(one.task, key)
          } else if (one.kind === 'slash' && held > 0n) {
            const amount = (held * BigInt(one.percent) + 99n) / 100n
            await asBoard.slash(one.task, key, amount, NOBODY)
            if (sent.has(one.task)) lost += amount
          }
          const { running } = await registry.allowanceOf(key)
          let expected = 0n
          for (const taskId of sent) expected += await registry.lockOf(taskId, key)
          expect(running).equal(expected)
          expect(lost + running <= bound, `${lost} lost and ${running} running of ${bound}`).equal(true)
        }
      }),
      40,
    )
  })
})
