import { expect } from 'chai'
import { id } from 'ethers'
import { network } from 'hardhat'
import type { Proof } from './evidence.ts'
import { HOLDS, bring, judge, proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import type { Actor, Story, World } from './world.ts'
import {
  BOUNTY,
  NOBODY,
  STAKE,
  STATUS,
  UNBONDING_BLOCKS,
  WINDOWS,
  anyTime,
  allowed,
  blockNumber,
  consent,
  claimsOpenAt,
} from './world.ts'
import { deployWorld, form, join, joined, newActor } from './world.ts'
import { mineTo, publish, registered, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LOCK = 777n
const KEY = { Active: 1n, Frozen: 2n, Rotated: 3n, Jailed: 4n, Convicted: 5n }
const ONLY_ACTIVE = 2n
const JUDGED = allowed('Active', 'Finalizing', 'Closed', 'NoQuorum')

async function seven() {
  const w = await deployWorld(connection)
  const actors = await registeredMany(w, 7)
  const story = await running(w, actors, { heights: 1, stakePerNode: LOCK })
  return { w, actors, story }
}

async function fresh() {
  const { story, ...rest } = await loadFixture(seven)
  return { ...rest, story: story.copy() }
}

/** One height and its fee. */
const SPENT = 42n + 9n
const percentOf = (percent: bigint): bigint => (LOCK * percent + 99n) / 100n
/** What a reporter is credited. */
const partOf = (amount: bigint): bigint => (amount / 10n < BOUNTY ? amount / 10n : BOUNTY)

/** All that anybody owns, and that the contracts hold as much as they owe. */
async function books(w: World, actors: readonly Actor[], reporters: readonly string[], escrow: bigint) {
  const accounts = await Promise.all(actors.map(({ operatorAddress }) => w.registry.account(operatorAddress)))
  const credits = await Promise.all(reporters.map((account) => w.registry.creditOf(account)))
  const burnt = await w.registry.burnt()
  const owed = accounts.reduce((sum, { free, locked, unbonding }) => sum + free + locked + unbonding, 0n)
  const held = credits.reduce((sum, credit) => sum + credit, burnt + owed)
  expect(await w.token.balanceOf(w.registry)).to.equal(held)
  expect(await w.token.balanceOf(w.board)).to.equal(escrow + (await w.board.burnt()))
  return { accounts: accounts.map((a) => [a.free, a.locked, a.unbonding]), credits, burnt }
}

const escrowOf = async (w: World, { taskId }: Story) => (await w.board.task(taskId)).escrow
const lockOf = (w: World, story: Story, member: number) =>
  w.registry.lockOf(story.taskId, story.members[member]!.keyAddress)

/** Ends the task and its evidence window; the next transaction may claim. */
async function mineToClaims(w: World, story: Story): Promise<void> {
  if (story.last === 0n) await story.accept()
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  await mineTo(w, (await claimsOpenAt(w, story.taskId)) - 1n)
}

const release = (w: World, story: Story, member: number) =>
  w.board.connect(w.mallory).release(story.taskId, story.members[member]!.keyAddress)

describe('Penalties', () => {
  describe('are taken', () => {
    it('by nobody but the slasher, and through the board alone', async () => {
      const { w, story } = await fresh()
      const [alice] = story.members
      const stranger = await w.mallory.getAddress()
      const slasher = await w.slasher.getAddress()
      const penalise = w.board.connect(w.mallory).penalise(story.taskId, 0, 1, 100, true, stranger)
      await refused(penalise, w.board, 'NotAllowed', stranger, slasher)
      const board = await w.board.getAddress()
      const registry = w.registry.connect(w.mallory)
      const slash = registry.slash(story.taskId, alice!.keyAddress, 1, stranger)
      await refused(slash, w.registry, 'NotAllowed', stranger, board)
      await refused(registry.jail(alice!.keyAddress, 9, 9), w.registry, 'NotAllowed', stranger, board)
    })

    it('from the lock of that task alone', async () => {
      const { w, actors, story } = await fresh()
      const other = await running(w, actors, { stakePerNode: 50 })
      const reporter = await w.mallory.getAddress()
      const before = await books(
        w,
        actors,
        [reporter],
        (await escrowOf(w, story)) + (await escrowOf(w, other)),
      )
      const call = report(w, w.mallory, proofOf(story, 3, 'amnesia'))
      const convict = story.members[3]!
      const who = [convict.operatorAddress, story.taskId, convict.keyAddress] as const
      await expect(call)
        .to.emit(w.registry, 'StakeSlashed')
        .withArgs(...who, LOCK)
      await expect(call)
        .to.emit(w.board, 'Penalised')
        .withArgs(story.taskId, 3, convict.keyAddress, convict.operatorAddress, 100, LOCK, reporter, BOUNTY)
      await expect(call).to.changeTokenBalances(
        connection.ethers,
        w.token,
        [w.registry, w.board, w.mallory],
        [0, 0, 0],
      )
      const escrow = (await escrowOf(w, story)) + (await escrowOf(w, other))
      const after = await books(w, actors, [reporter], escrow)
      const seat = actors.indexOf(convict)
      const expected = before.accounts.map(([free, locked, unbonding], i) =>
        i === seat ? [free, locked! - LOCK, unbonding] : [free, locked, unbonding],
      )
      expect(after).to.deep.equal({ accounts: expected, credits: [BOUNTY], burnt: LOCK - BOUNTY })
      expect(await lockOf(w, story, 3)).to.equal(0)
      expect(await w.registry.lockOf(other.taskId, convict.keyAddress)).to.equal(50)
    })

    for (const [name, percent] of [
      ['equivocation', 100n],
      ['amnesia', 100n],
      ['illegalLog', 5n],
      ['forkedLog', 5n],
      ['unjustifiedVote', 1n],
    ] as const) {
      it(`${percent} % for ${name}, rounded up, of which min(10 %, bounty) for the reporter`, async () => {
        const { w, actors, story } = await fresh()
        await report(w, w.mallory, proofOf(story, 0, name))
        const amount = percentOf(percent)
        expect(await lockOf(w, story, 0)).to.equal(LOCK - amount)
        const reporter = await w.mallory.getAddress()
        const { credits, burnt } = await books(w, actors, [reporter], await escrowOf(w, story))
        expect([credits, burnt]).to.deep.equal([[partOf(amount)], amount - partOf(amount)])
      })
    }

    it('L-one-wei: as a whole token even from a lock of one', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { stakePerNode: 1 })
      await report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
      expect(await lockOf(w, story, 0)).to.equal(0)
      await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
      expect(await w.registry.burnt()).to.equal(1)
    })

    it('by the largest share, not the sum, in any order of convictions', async () => {
      const steps: readonly (readonly [Proof['name'], bigint])[] = [
        ['unjustifiedVote', 1n],
        ['illegalLog', 5n],
        ['amnesia', 100n],
      ]
      for (const order of permutations(steps)) {
        const { w, actors, story } = await fresh()
        let due = 0n
        for (const [name, percent] of order) {
          const call = report(w, w.mallory, proofOf(story, 0, name as 'amnesia'))
          if (percentOf(percent) <= due) {
            const percentBefore = due === LOCK ? 100 : 5
            await refused(call, w.board, 'AlreadyConvicted', story.taskId, 0, percentBefore)
          } else {
            await call
            due = percentOf(percent)
          }
          expect(await lockOf(w, story, 0)).to.equal(LOCK - due)
          await books(w, actors, [await w.mallory.getAddress()], await escrowOf(w, story))
        }
        expect(due).to.equal(LOCK)
      }
    })

    it('once: the same proof, another of the same weight, and another reporter change nothing', async () => {
      const { w, actors, story } = await fresh()
      const names = Object.keys(HOLDS) as (keyof typeof HOLDS)[]
      for (const [member, name] of names.entries()) await report(w, w.mallory, proofOf(story, member, name))
      const reporters = [await w.mallory.getAddress(), await w.client.getAddress()]
      const before = await books(w, actors, reporters, await escrowOf(w, story))
      const jailed = () =>
        Promise.all(
          story.members.map(
            async ({ operatorAddress }) => (await w.registry.account(operatorAddress)).jailedUntil,
          ),
        )
      const untils = await jailed()
      for (const [member, name] of names.entries()) {
        const { percent } = await w.board.convictionOf(story.taskId, member)
        for (const by of [w.mallory, w.client]) {
          const again = report(w, by, proofOf(story, member, name))
          await refused(again, w.board, 'AlreadyConvicted', story.taskId, member, percent)
        }
      }
      expect(await books(w, actors, reporters, await escrowOf(w, story))).to.deep.equal(before)
      expect(await jailed()).to.deep.equal(untils)
    })
  })

  describe('window', () => {
    it('opens with the cluster', async () => {
      const { w, actors } = await fresh()
      const taskId = await joined(w, actors)
      const { slasher } = w
      const early = bring(
        { taskId, members: actors } as unknown as Story,
        0,
        'Share',
        {},
        { cluster: id('none') },
      )
      const call = slasher.unjustifiedVote(taskId, 0, 3, early.fields, early.signature)
      await refused(call, slasher, 'NoSuchMember', 0, 0)
      const story = await form(w, taskId, actors)
      await report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
      expect(await w.board.convictionOf(taskId, 0)).to.deep.equal([1n, false])
    })

    it('is about members alone: no other seat has a conviction, before the cluster stands or after', async () => {
      const { w, actors } = await fresh()
      const taskId = await joined(w, actors)
      const seats = [actors.length, 31, 32, 255]
      for (const seat of [0, ...seats])
        expect(await w.board.convictionOf(taskId, seat), `${seat}`).to.deep.equal([0n, false])
      const story = await form(w, taskId, actors)
      for (const member of story.members.keys())
        await report(w, w.mallory, proofOf(story, member, 'equivocation'))
      for (const seat of seats)
        expect(await w.board.convictionOf(taskId, seat), `${seat}`).to.deep.equal([0n, false])
    })

    for (const [name, end] of [
      ['a completed task', (_: World, story: Story) => story.accept()],
      ['a task that fell silent', async (w: World) => mineTo(w, (await blockNumber(w)) + 401n)],
    ] as const) {
      it(`closes with the last block before claims, for ${name}`, async () => {
        const { w, story } = await fresh()
        await end(w, story)
        await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
        const opensAt = await claimsOpenAt(w, story.taskId)
        const closedAt = opensAt - WINDOWS.evidence - 1n
        await mineTo(w, opensAt - 2n)
        await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
        const late = report(w, w.mallory, proofOf(story, 1, 'illegalLog'))
        await refused(late, w.board, 'TooLate', opensAt, closedAt + WINDOWS.evidence, anyTime, anyTime)
        await w.board.connect(w.client).claim(story.taskId)
      })
    }

    it('is open while late heights are accepted', async () => {
      const { w, story } = await fresh()
      await story.accept()
      expect((await w.board.statusOf(story.taskId)).status).to.equal(STATUS.Finalizing)
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
    })

    it('never opens for a task without a cluster, whatever a slasher says', async () => {
      const { w, actors } = await fresh()
      const slasher = await connection.ethers.getImpersonatedSigner(await w.slasher.getAddress())
      await connection.networkHelpers.setBalance(slasher.address, 10n ** 20n)
      const taskId = await publish(w)
      const penalise = (task: bigint) =>
        w.board.connect(slasher).penalise(task, 0, 1, 100, true, slasher.address)
      await refused(penalise(99n), w.board, 'StatusNotAllowed', 99, STATUS.None, JUDGED)
      await refused(penalise(taskId), w.board, 'StatusNotAllowed', taskId, STATUS.Open, JUDGED)
      const expired = await joined(w, actors.slice(0, 3), { maxNodes: 4 })
      await refused(penalise(expired), w.board, 'StatusNotAllowed', expired, STATUS.Expired, JUDGED)
    })
  })

  describe('of several members', () => {
    const NAMES = ['illegalLog', 'equivocation', 'amnesia'] as const
    /** 2 of 7 others: ⌊5 · (1 + 6 / 7)⌋ %. */
    const CORRELATED = 9n

    const convict = (w: World, story: Story, member: number) => {
      const name = NAMES[member]!
      const type = name === 'equivocation' ? 'Status' : undefined
      return report(w, w.mallory, proofOf(story, member, name, type))
    }

    it('take the same from each, in any order of reports and releases', async () => {
      for (const order of permutations([0, 1, 2])) {
        const { w, actors, story } = await fresh()
        const reporter = await w.mallory.getAddress()
        for (const member of order) await convict(w, story, member)
        await mineToClaims(w, story)
        const escrow = await escrowOf(w, story)
        for (const member of [...order].reverse()) {
          const due = member === 2 ? LOCK : percentOf(CORRELATED)
          const { operatorAddress, keyAddress } = story.members[member]!
          const who = [story.taskId, member, keyAddress, operatorAddress] as const
          if (member === 2) {
            await refused(release(w, story, member), w.registry, 'NotLocked', story.taskId, keyAddress)
          } else {
            const rest = due - percentOf(5n)
            const call = release(w, story, member)
            await expect(call)
              .to.emit(w.board, 'Penalised')
              .withArgs(...who, CORRELATED, rest, NOBODY, 0)
            await expect(call)
              .to.emit(w.board, 'Released')
              .withArgs(story.taskId, keyAddress, operatorAddress, LOCK - due)
          }
          expect((await w.registry.account(operatorAddress)).free).to.equal(STAKE - due)
          await books(w, actors, [reporter], escrow)
        }
      }
    })

    for (const [n, percent] of [
      [4, 16n],
      [7, 17n],
      [31, 19n],
    ] as const) {
      it(`L-correlation: one bug in the logs of all ${n} members costs each ${percent} %, not 75 to 100 %`, async () => {
        const w = await deployWorld(connection)
        const actors = await registeredMany(w, n)
        const changes = { heights: 1, stakePerNode: LOCK, stallBlocks: 400 }
        const story = await running(w, actors, changes)
        for (const member of story.everyone) await report(w, w.mallory, proofOf(story, member, 'illegalLog'))
        await mineToClaims(w, story)
        for (const member of story.everyone) await release(w, story, member)
        for (const { operatorAddress } of story.members) {
          const { free, locked } = await w.registry.account(operatorAddress)
          expect([free, locked]).to.deep.equal([STAKE - percentOf(percent), 0n])
        }
        await books(w, actors, [await w.mallory.getAddress()], await escrowOf(w, story))
      })
    }

    it('do not grow by lesser convictions of others, nor by a member’s own', async () => {
      const { w, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
      await report(w, w.mallory, proofOf(story, 1, 'unjustifiedVote'))
      await report(w, w.mallory, proofOf(story, 2, 'unjustifiedVote'))
      await mineToClaims(w, story)
      for (const [member, percent] of [5n, 1n, 1n].entries()) {
        await expect(release(w, story, member))
          .to.emit(w.board, 'Released')
          .withArgs(
            story.taskId,
            story.members[member]!.keyAddress,
            story.members[member]!.operatorAddress,
            LOCK - percentOf(percent),
          )
      }
    })

    it('take it at release once', async () => {
      const { w, story } = await fresh()
      for (const member of [0, 1]) await report(w, w.mallory, proofOf(story, member, 'illegalLog'))
      await mineToClaims(w, story)
      await release(w, story, 0)
      const burnt = await w.registry.burnt()
      const again = release(w, story, 0)
      await refused(again, w.registry, 'NotLocked', story.taskId, story.members[0]!.keyAddress)
      expect(await w.registry.burnt()).to.equal(burnt)
    })
  })

  describe('leave', () => {
    it('a convicted member without reward and fee: they are burnt, the client gets back what it did not spend', async () => {
      const { w, actors, story } = await fresh()
      const turn = await story.turn()
      await story.accept()
      await report(w, w.mallory, proofOf(story, turn, 'unjustifiedVote'))
      await mineToClaims(w, story)
      const escrow = await escrowOf(w, story)
      const convict = story.members[turn]!
      const claim = w.board.connect(convict.operator).claim(story.taskId)
      // it gets nothing; the first claim books what nobody earned: its reward and fee
      await expect(claim).not.to.emit(w.board, 'Claimed')
      await expect(claim)
        .to.emit(w.board, 'Burnt')
        .withArgs(story.taskId, SPENT - 36n)
      const again = w.board.connect(convict.operator).claim(story.taskId)
      await refused(again, w.board, 'NothingToClaim', story.taskId, convict.operatorAddress)
      // all of the escrow was spent
      expect(escrow).to.equal(SPENT)
      const client = w.board.connect(w.client).claim(story.taskId)
      await refused(client, w.board, 'NothingToClaim', story.taskId, await w.client.getAddress())
      for (const [i, { operator }] of story.members.entries())
        if (i !== turn) await w.board.connect(operator).claim(story.taskId)
      for (const i of story.everyone) await release(w, story, i)
      const { burnt } = await books(w, actors, [await w.mallory.getAddress()], 0n)
      expect(burnt).to.equal(percentOf(1n))
      expect(await w.board.burnt()).to.equal(SPENT - 36n)
    })

    it('a reporter with a credit that it can withdraw once', async () => {
      const { w, actors, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
      const stranger = w.registry.connect(w.client).withdrawCredit()
      await refused(stranger, w.registry, 'NoCredit', await w.client.getAddress())
      const reporter = await w.mallory.getAddress()
      const withdraw = w.registry.connect(w.mallory).withdrawCredit()
      await expect(withdraw).to.emit(w.registry, 'CreditWithdrawn').withArgs(reporter, reporter, BOUNTY)
      await expect(withdraw).to.changeTokenBalances(
        connection.ethers,
        w.token,
        [w.registry, w.mallory],
        [-BOUNTY, BOUNTY],
      )
      await refused(w.registry.connect(w.mallory).withdrawCredit(), w.registry, 'NoCredit', reporter)
      await books(w, actors, [reporter], await escrowOf(w, story))
    })

    it('L-self-report: who reports itself gets at most the bounty of each proof back', async () => {
      const back: bigint[] = []
      for (const name of ['unjustifiedVote', 'illegalLog', 'amnesia'] as const) {
        const w = await deployWorld(connection)
        const actors = await registeredMany(w, 4)
        for (const { operator } of actors) await w.registry.connect(operator).addStake(10_000)
        const story = await running(w, actors, { stakePerNode: 10_000 })
        const [liar] = story.members
        await report(w, liar!.operator, proofOf(story, 0, name))
        back.push(await w.registry.creditOf(liar!.operatorAddress))
      }
      // of 100, 500 and 10,000 taken: a tenth of the last would be 1,000
      expect(back).to.deep.equal([10n, 50n, BOUNTY])
    })
  })

  describe('M-6: a token that stands still', () => {
    /** A task on a hostile token, and what it is told before a proof is brought. */
    async function hostile() {
      const token = await connection.ethers.deployContract('HostileToken')
      const w = await deployWorld(connection, await token.getAddress())
      const actors = await registeredMany(w, 4)
      const story = await running(w, actors, { heights: 1, stakePerNode: LOCK })
      return { w, actors, story, token }
    }

    it('stops no conviction while it refuses or reverts, and everybody is paid later to the wei', async () => {
      for (const mood of ['refuses', 'reverts'] as const) {
        const { w, actors, story, token } = await loadFixture(hostile)
        const reporter = await w.mallory.getAddress()
        const escrow = await escrowOf(w, story)
        if (mood === 'refuses') await token.setRefuses(true)
        else await token.setCallback(await token.getAddress(), '0xdeadbeef')
        await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
        expect(await w.board.convictionOf(story.taskId, 0), mood).to.deep.equal([100n, true])
        expect(await lockOf(w, story, 0), mood).to.equal(0)
        const { credits, burnt } = await books(w, actors, [reporter], escrow)
        expect([credits, burnt], mood).to.deep.equal([[BOUNTY], LOCK - BOUNTY])
        await expect(w.registry.connect(w.mallory).withdrawCredit.staticCall(), mood).to.be.revert(
          connection.ethers,
        )
        await token.setRefuses(false)
        await token.setCallback(NOBODY, '0x')
        await w.registry.connect(w.mallory).withdrawCredit()
        expect(await w.token.balanceOf(reporter), mood).to.equal(BOUNTY)
        const bob = story.members[1]!
        await w.registry.connect(bob.operator).requestUnbond(STAKE - LOCK)
        await mineTo(w, (await blockNumber(w)) + UNBONDING_BLOCKS)
        await w.registry.connect(bob.operator).withdraw(0)
        await release(w, story, 1)
        expect((await w.registry.account(bob.operatorAddress)).free, mood).to.equal(LOCK)
        await books(w, actors, [reporter], escrow)
      }
    })
  })

  describe('L-jail: keep the account', () => {
    it('out of sign-up with every key, new ones too, for the jail time, to the block', async () => {
      const { w, story } = await fresh()
      const [alice] = story.members
      const call = report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
      await call
      const until = (await blockNumber(w)) + WINDOWS.jail
      await expect(call)
        .to.emit(w.registry, 'Jailed')
        .withArgs(alice!.operatorAddress, alice!.keyAddress, until, anyTime)
      const now = await blockNumber(w)
      const taskId = await publish(w, { joinDeadline: now + 400n, endBlock: now + 900n })
      const second = await newActor(w, 'a new key', alice!.name)
      const signature = await consent(w, second.key, alice!.operatorAddress)
      await w.registry.connect(alice!.operator).register(second.publicKey, 0, 0, 0, [], signature)
      const again = () => join(w, alice!.operator, taskId, second.keyAddress)
      await refused(again(), w.registry, 'KeyStatusNotAllowed', second.keyAddress, KEY.Jailed, ONLY_ACTIVE)
      await mineTo(w, until - 1n)
      await refused(again(), w.registry, 'KeyStatusNotAllowed', second.keyAddress, KEY.Jailed, ONLY_ACTIVE)
      await mineTo(w, until)
      await again()
    })

    it('and the convicted key for good, whatever it was convicted of', async () => {
      const { w, actors, story } = await fresh()
      const names = ['unjustifiedVote', 'illegalLog', 'amnesia'] as const
      for (const [member, name] of names.entries()) await report(w, w.mallory, proofOf(story, member, name))
      await mineTo(w, (await blockNumber(w)) + WINDOWS.jail)
      const taskId = await publish(w)
      for (const { node, keyAddress } of story.members.slice(0, 3)) {
        const again = join(w, node, taskId, keyAddress)
        await refused(again, w.registry, 'KeyStatusNotAllowed', keyAddress, KEY.Convicted, ONLY_ACTIVE)
      }
      expect(actors).to.have.length(7)
    })

    it('longer by a conviction in another task', async () => {
      const { w, actors } = await fresh()
      const [one, two] = [await running(w, actors), await running(w, actors)]
      const { keyAddress, operatorAddress } = one.members[0]!
      await report(w, w.mallory, proofOf(one, 0, 'amnesia'))
      const seat = two.members.findIndex((member) => member.keyAddress === keyAddress)
      await report(w, w.mallory, proofOf(two, seat, 'illegalLog'))
      const { jailedUntil } = await w.registry.account(operatorAddress)
      expect(jailedUntil).to.equal((await blockNumber(w)) + WINDOWS.jail)
    })

    it('out of a cluster whose sign-up ended after the conviction, and its stake free', async () => {
      const { w, actors, story } = await fresh()
      const everybody = [...actors, await registered(w, 'heidi')]
      const joinDeadline = (await blockNumber(w)) + 20n
      const taskId = await publish(w, { maxNodes: 8, joinDeadline, stakePerNode: 10 })
      for (const { node, keyAddress } of everybody) await join(w, node, taskId, keyAddress)
      const [convict] = story.members
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
      await mineTo(w, joinDeadline + WINDOWS.reorgDepth)
      const next = await form(w, taskId, everybody)
      expect(next.members).to.have.length(7)
      expect(next.members).not.to.include(convict)
      await w.board.release(taskId, convict!.keyAddress)
      expect((await w.registry.account(convict!.operatorAddress)).free).to.equal(STAKE - LOCK)
    })

    it('serving the task it was convicted in: its signatures go on counting', async () => {
      const { w, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
      await story.accept(1, { signers: [0, 1, 2, 3, 4] })
      await judge(w, proofOf(story, 1, 'amnesia'))
    })

    it('with its keys replaceable, each once', async () => {
      const { w, story } = await fresh()
      const [alice] = story.members
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
      const registry = w.registry.connect(alice!.operator)
      const freeze = registry.freeze(alice!.keyAddress)
      const freezable = ONLY_ACTIVE | (1n << KEY.Jailed)
      await refused(freeze, w.registry, 'KeyStatusNotAllowed', alice!.keyAddress, KEY.Convicted, freezable)
      const next = await newActor(w, 'next', alice!.name)
      const signature = await consent(w, next.key, alice!.operatorAddress)
      await registry.rotateKey(alice!.keyAddress, next.publicKey, [], signature)
      expect(await w.registry.keyStatus(alice!.keyAddress)).to.equal(KEY.Rotated)
      expect(await w.registry.keyStatus(next.keyAddress)).to.equal(KEY.Jailed)
    })
  })
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}
