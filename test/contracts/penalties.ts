import { expect } from 'chai'
import { id } from 'ethers'
import { network } from 'hardhat'
import type { Proof } from './evidence.ts'
import { PROOFS, bring, judge, proofOf, report } from './evidence.ts'
import { refused } from './refused.ts'
import type { Actor, Story, World } from './world.ts'
import {
  allowed,
  blockNumber,
  deployWorld,
  form,
  join,
  joined,
  NOBODY,
  STAKE,
  STATUS,
  WINDOWS,
} from './world.ts'
import { mineTo, publish, registered, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers
const LOCK = 777n
const FOR_EVER = 2n ** 40n - 1n
const KEY = { Active: 1n, Frozen: 2n, Rotated: 3n, Jailed: 4n }
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

const percentOf = (percent: bigint): bigint => (LOCK * percent + 99n) / 100n

/** All that anybody owns, and that the contracts hold as much as they owe. */
async function books(w: World, actors: readonly Actor[], reporters: readonly string[], escrow: bigint) {
  const accounts = await Promise.all(actors.map(({ operatorAddress }) => w.registry.account(operatorAddress)))
  const credits = await Promise.all(reporters.map((account) => w.board.creditOf(account)))
  const insurance = await w.board.insurance()
  const owed = accounts.reduce((sum, { free, locked, unbonding }) => sum + free + locked + unbonding, 0n)
  expect(await w.token.balanceOf(w.registry)).to.equal(owed)
  const held = credits.reduce((sum, credit) => sum + credit, insurance + escrow)
  expect(await w.token.balanceOf(w.board)).to.equal(held)
  return { accounts: accounts.map((a) => [a.free, a.locked, a.unbonding]), credits, insurance }
}

const escrowOf = async (w: World, { taskId }: Story) => (await w.board.task(taskId)).escrow
const lockOf = (w: World, story: Story, member: number) =>
  w.registry.lockOf(story.taskId, story.members[member]!.keyAddress)

/** Ends the task and its evidence window; the next transaction may claim. */
async function mineToClaims(w: World, story: Story): Promise<void> {
  if (story.last === 0n) await story.accept(w.mallory)
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  await mineTo(w, (await w.board.claimsOpenAt(story.taskId)) - 1n)
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
      const penalise = w.board.connect(w.mallory).penalise(story.taskId, 0, 100, true, true, stranger)
      await refused(penalise, w.board, 'NotAllowed', stranger, slasher)
      const board = await w.board.getAddress()
      const registry = w.registry.connect(w.mallory)
      const slash = registry.slash(story.taskId, alice!.keyAddress, 1)
      await refused(slash, w.registry, 'NotAllowed', stranger, board)
      await refused(registry.jail(alice!.keyAddress, 9), w.registry, 'NotAllowed', stranger, board)
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
        .withArgs(story.taskId, 3, convict.keyAddress, convict.operatorAddress, 100, LOCK, reporter, 77)
      await expect(call).to.changeTokenBalances(
        connection.ethers,
        w.token,
        [w.registry, w.board, w.mallory],
        [-LOCK, LOCK, 0],
      )
      const escrow = (await escrowOf(w, story)) + (await escrowOf(w, other))
      const after = await books(w, actors, [reporter], escrow)
      const seat = actors.indexOf(convict)
      const expected = before.accounts.map(([free, locked, unbonding], i) =>
        i === seat ? [free, locked! - LOCK, unbonding] : [free, locked, unbonding],
      )
      expect(after).to.deep.equal({ accounts: expected, credits: [77n], insurance: LOCK - 77n })
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
      it(`${percent} % for ${name}, rounded up, a tenth of it rounded down to the reporter`, async () => {
        const { w, actors, story } = await fresh()
        await report(w, w.mallory, proofOf(story, 0, name))
        const amount = percentOf(percent)
        expect(await lockOf(w, story, 0)).to.equal(LOCK - amount)
        const reporter = await w.mallory.getAddress()
        const { credits, insurance } = await books(w, actors, [reporter], await escrowOf(w, story))
        expect([credits, insurance]).to.deep.equal([[amount / 10n], amount - amount / 10n])
      })
    }

    it('as a whole token even from a lock of one', async () => {
      const { w, actors } = await fresh()
      const story = await running(w, actors, { stakePerNode: 1 })
      await report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
      expect(await lockOf(w, story, 0)).to.equal(0)
      await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
      expect(await w.board.insurance()).to.equal(1)
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
      const names = [...new Set(PROOFS)].filter((name) => name !== 'wrongReduction')
      for (const [member, name] of names.entries()) await report(w, w.mallory, proofOf(story, member, name))
      const reporters = [await w.mallory.getAddress(), await w.client.getAddress()]
      const before = await books(w, actors, reporters, await escrowOf(w, story))
      const jailed = () =>
        Promise.all(story.members.map(({ keyAddress }) => w.registry.jailedUntil(keyAddress)))
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

    it('and a second conviction that only refuses the key for ever takes nothing more', async () => {
      const { w, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
      const insurance = await w.board.insurance()
      await report(w, w.mallory, proofOf(story, 0, 'equivocation', 'Status'))
      expect(await w.board.insurance()).to.equal(insurance)
      expect(await w.registry.jailedUntil(story.members[0]!.keyAddress)).to.equal(FOR_EVER)
      const again = report(w, w.mallory, proofOf(story, 0, 'equivocation', 'Hello'))
      await refused(again, w.board, 'AlreadyConvicted', story.taskId, 0, 5)
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
      ['a completed task', (w: World, story: Story) => story.accept(w.mallory)],
      ['a task that fell silent', async (w: World) => mineTo(w, (await blockNumber(w)) + 401n)],
    ] as const) {
      it(`closes with the last block before claims, for ${name}`, async () => {
        const { w, story } = await fresh()
        await end(w, story)
        await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
        const opensAt = await w.board.claimsOpenAt(story.taskId)
        const closedAt = opensAt - WINDOWS.evidence - 1n
        await mineTo(w, opensAt - 2n)
        await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
        const late = report(w, w.mallory, proofOf(story, 1, 'illegalLog'))
        await refused(late, w.board, 'TooLate', opensAt, closedAt + WINDOWS.evidence)
        await w.board.connect(w.client).claim(story.taskId)
      })
    }

    it('is open while late heights are accepted', async () => {
      const { w, story } = await fresh()
      await story.accept(w.mallory)
      expect((await w.board.statusOf(story.taskId)).status).to.equal(STATUS.Finalizing)
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
    })

    it('never opens for a task without a cluster, whatever a slasher says', async () => {
      const { w, actors } = await fresh()
      const slasher = await connection.ethers.getImpersonatedSigner(await w.slasher.getAddress())
      await connection.networkHelpers.setBalance(slasher.address, 10n ** 20n)
      const taskId = await publish(w)
      const penalise = (task: bigint) =>
        w.board.connect(slasher).penalise(task, 0, 100, true, true, slasher.address)
      await refused(penalise(99n), w.board, 'StatusNotAllowed', 99, STATUS.None, JUDGED)
      await refused(penalise(taskId), w.board, 'StatusNotAllowed', taskId, STATUS.Open, JUDGED)
      const expired = await joined(w, actors.slice(0, 3), { maxNodes: 4 })
      await refused(penalise(expired), w.board, 'StatusNotAllowed', expired, STATUS.Expired, JUDGED)
    })
  })

  describe('of several members', () => {
    const NAMES = ['illegalLog', 'equivocation', 'amnesia'] as const
    /** 2 of 7 others: ⌊300 · 2 / 7⌋ %. */
    const CORRELATED = 85n

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
        const credit = LOCK / 10n + 2n * (percentOf(5n) / 10n)
        expect(await w.board.creditOf(reporter)).to.equal(credit)
        expect(await w.board.insurance()).to.equal(LOCK + 2n * percentOf(CORRELATED) - credit)
      }
    })

    it('take the whole lock from a third of the weight on, and leave nothing to release', async () => {
      const { w, actors, story } = await fresh()
      for (const member of [0, 1, 2, 3]) await report(w, w.mallory, proofOf(story, member, 'illegalLog'))
      await mineToClaims(w, story)
      for (const member of [0, 1, 2, 3]) {
        const { operatorAddress, keyAddress } = story.members[member]!
        await expect(release(w, story, member))
          .to.emit(w.board, 'Released')
          .withArgs(story.taskId, keyAddress, operatorAddress, 0)
        await refused(release(w, story, member), w.registry, 'NotLocked', story.taskId, keyAddress)
        expect(await w.registry.account(operatorAddress)).to.deep.equal([STAKE - LOCK, 0n, 0n, 0n])
      }
      await books(w, actors, [await w.mallory.getAddress()], await escrowOf(w, story))
    })

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
      const insurance = await w.board.insurance()
      const again = release(w, story, 0)
      await refused(again, w.registry, 'NotLocked', story.taskId, story.members[0]!.keyAddress)
      expect(await w.board.insurance()).to.equal(insurance)
    })
  })

  describe('leave', () => {
    it('a convicted member without reward and fee, and the client with them', async () => {
      const { w, actors, story } = await fresh()
      const turn = await story.turn()
      await story.accept(story.members[turn]!.node)
      await report(w, w.mallory, proofOf(story, turn, 'unjustifiedVote'))
      await mineToClaims(w, story)
      const escrow = await escrowOf(w, story)
      const convict = story.members[turn]!
      const claim = w.board.connect(convict.operator).claim(story.taskId)
      await refused(claim, w.board, 'NothingToClaim', story.taskId, convict.operatorAddress)
      const client = w.board.connect(w.client).claim(story.taskId)
      await expect(client).to.changeTokenBalance(connection.ethers, w.token, w.client, escrow - 36n)
      for (const [i, { operator }] of story.members.entries())
        if (i !== turn) await w.board.connect(operator).claim(story.taskId)
      for (const i of story.everyone) await release(w, story, i)
      const { insurance } = await books(w, actors, [await w.mallory.getAddress()], 0n)
      expect(insurance).to.equal(percentOf(1n))
    })

    it('a reporter with a credit that it can withdraw once', async () => {
      const { w, actors, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
      const stranger = w.board.connect(w.client).withdrawCredit()
      await refused(stranger, w.board, 'NoCredit', await w.client.getAddress())
      const reporter = await w.mallory.getAddress()
      const withdraw = w.board.connect(w.mallory).withdrawCredit()
      await expect(withdraw).to.emit(w.board, 'CreditWithdrawn').withArgs(reporter, 77)
      await expect(withdraw).to.changeTokenBalances(
        connection.ethers,
        w.token,
        [w.board, w.mallory],
        [-77, 77],
      )
      await refused(w.board.connect(w.mallory).withdrawCredit(), w.board, 'NoCredit', reporter)
      await books(w, actors, [reporter], await escrowOf(w, story))
    })

    it('nobody who reports itself with a profit', async () => {
      for (const name of ['unjustifiedVote', 'illegalLog', 'amnesia'] as const) {
        const { w, story } = await fresh()
        const [alice] = story.members
        await report(w, alice!.operator, proofOf(story, 0, name))
        const credit = await w.board.creditOf(alice!.operatorAddress)
        const lost = LOCK - (await lockOf(w, story, 0))
        expect(credit * 10n).to.be.lessThanOrEqual(lost)
        expect(credit).to.be.lessThan(lost)
      }
    })
  })

  describe('keep the key', () => {
    it('out of sign-up for the jail time after a lesser conviction, to the block', async () => {
      const { w, story } = await fresh()
      const [alice] = story.members
      const call = report(w, w.mallory, proofOf(story, 0, 'unjustifiedVote'))
      await call
      const until = (await blockNumber(w)) + WINDOWS.jail
      await expect(call)
        .to.emit(w.registry, 'KeyJailed')
        .withArgs(alice!.operatorAddress, alice!.keyAddress, until)
      expect(await w.registry.keyStatus(alice!.keyAddress)).to.equal(KEY.Jailed)
      const now = await blockNumber(w)
      const taskId = await publish(w, { joinDeadline: now + 400n, endBlock: now + 900n })
      const again = () => join(w, alice!.node, taskId, alice!.keyAddress)
      await mineTo(w, until - 1n)
      await refused(again(), w.registry, 'KeyStatusNotAllowed', alice!.keyAddress, KEY.Jailed, ONLY_ACTIVE)
      await mineTo(w, until)
      await again()
      expect(await w.registry.keyStatus(alice!.keyAddress)).to.equal(KEY.Active)
    })

    it('out for ever after equivocation and amnesia', async () => {
      const { w, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'equivocation', 'Hello'))
      await report(w, w.mallory, proofOf(story, 1, 'amnesia'))
      await report(w, w.mallory, proofOf(story, 2, 'illegalLog'))
      const untils = await Promise.all(
        story.members.slice(0, 3).map(({ keyAddress }) => w.registry.jailedUntil(keyAddress)),
      )
      expect(untils).to.deep.equal([FOR_EVER, FOR_EVER, (await blockNumber(w)) + WINDOWS.jail])
    })

    it('refused for ever, whatever lesser conviction follows in another task', async () => {
      const { w, actors } = await fresh()
      const [one, two] = [await running(w, actors), await running(w, actors)]
      const key = one.members[0]!.keyAddress
      await report(w, w.mallory, proofOf(one, 0, 'amnesia'))
      const seat = two.members.findIndex(({ keyAddress }) => keyAddress === key)
      await report(w, w.mallory, proofOf(two, seat, 'illegalLog'))
      expect(await w.registry.jailedUntil(key)).to.equal(FOR_EVER)
    })

    it('out of a cluster that is drawn after the conviction, and its stake free', async () => {
      const { w, actors, story } = await fresh()
      const erin = await registered(w, 'heidi')
      const taskId = await joined(w, [...actors, erin], { stakePerNode: 10 })
      const [convict] = story.members
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
      const next = await form(w, taskId, [...actors, erin])
      expect(next.members).to.have.length(7)
      expect(next.members).not.to.include(convict)
      await w.board.release(taskId, convict!.keyAddress)
      expect((await w.registry.account(convict!.operatorAddress)).free).to.equal(STAKE - LOCK)
    })

    it('serving the task it was convicted in: its signatures go on counting', async () => {
      const { w, story } = await fresh()
      await report(w, w.mallory, proofOf(story, 0, 'amnesia'))
      await story.accept(w.mallory, 1, { signers: [0, 1, 2, 3, 4] })
      await judge(w, proofOf(story, 1, 'amnesia'))
    })

    it('replaceable and freezable by its operator', async () => {
      const { w, story } = await fresh()
      const [alice] = story.members
      await report(w, w.mallory, proofOf(story, 0, 'illegalLog'))
      await w.registry.connect(alice!.operator).freeze(alice!.keyAddress)
      expect(await w.registry.keyStatus(alice!.keyAddress)).to.equal(KEY.Frozen)
    })
  })
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}
