import { expect } from 'chai'
import type { Signer } from 'ethers'
import { network } from 'hardhat'
import type { Play, Payoffs } from './pay-game.ts'
import { EPOCH, FEE, HEIGHTS, REWARD, deviations, honestPlay, payoffs, sizeOf } from './pay-game.ts'
import type { Story, World } from './world.ts'
import {
  WINDOWS,
  allOf,
  blockNumber,
  deployWorld,
  heightOf,
  mineTo,
  registeredMany,
  running,
  claimsOpenAt,
} from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers

async function worldOf(n: number) {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, n) }
}
async function four() {
  return worldOf(4)
}
async function five() {
  return worldOf(5)
}

const TERMS = { heights: HEIGHTS, epochHeights: EPOCH, rewardPerHeight: REWARD, checkpointFee: FEE }

/** What one account takes out of a task, 0 if there is nothing for it. */
async function claimed(w: World, { taskId }: Story, by: Signer): Promise<bigint> {
  const claim = w.board.connect(by).claim
  const amount = await claim.staticCall(taskId).catch(() => null)
  if (amount !== null) await claim(taskId)
  return amount ?? 0n
}

/** A play on the contracts: two checkpoints, then everybody takes what there is. Members by seat. */
async function played(w: World, story: Story, play: Play): Promise<{ paid: Payoffs; turns: number[] }> {
  const turns: number[] = []
  for (const [i, { lists, signers, sender }] of play.entries()) {
    if (i === 1) await w.board.connect(w.client).revoke(story.taskId)
    const turn = await story.turn()
    turns.push(turn)
    const heights = lists.map((list, j) => ({ ...heightOf(BigInt(i * EPOCH + j + 1)), list: BigInt(list) }))
    const by = sender === 'stranger' ? w.client : story.members[turn]!.node
    await story.accept(EPOCH, { heights, signers: [...signers], by })
  }
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  await mineTo(w, await claimsOpenAt(w, story.taskId))
  const members: bigint[] = []
  for (const { operator } of story.members) members.push(await claimed(w, story, operator))
  const client = await claimed(w, story, w.client)
  return { paid: { members, client, burnt: await w.board.burnt() }, turns }
}

describe('Pay', () => {
  it('H-4 two submitters with bare quorums change nobody’s pay but their own fee, and the client gets no more', async () => {
    const everybody = [0, 1, 2, 3]
    const results: Payoffs[] = []
    let turns: number[] = []
    for (const signers of [everybody, everybody.slice(0, 3), everybody.slice(1)]) {
      const { w, actors } = await loadFixture(four)
      const story = await running(w, actors, TERMS)
      const lists = Array<number>(EPOCH).fill(0b1111)
      const play = [0, 1].map(() => ({ lists, signers, sender: 'turn' as const }))
      const one = await played(w, story, play)
      results.push(one.paid)
      turns = one.turns
    }
    const [full, ...bare] = results as [Payoffs, ...Payoffs[]]
    for (const one of bare) {
      expect(one.client).to.equal(full.client)
      full.members.forEach((amount, member) => {
        const fees = BigInt(turns.filter((turn) => turn === member).length)
        expect(amount - one.members[member]!).to.equal((fees * FEE) / 4n)
      })
      // what a submitter does not earn is nobody’s
      expect(one.burnt - full.burnt).to.equal((2n * FEE) / 4n)
    }
  })

  for (const [n, fixture] of [
    [4, four],
    [5, five],
  ] as const) {
    describe(`as a game of ${n} members, their submitters, the client and a stranger`, () => {
      const honest = payoffs(n, honestPlay(n), [0, 1])

      it('nobody’s reward depends on who signs or sends, and the client’s money on nothing that anybody can do', () => {
        const byLists = new Map<string, readonly bigint[]>()
        for (const play of deviations(n)) {
          const { client, rewards } = payoffs(n, play, [0, 1])
          expect(client).to.equal(honest.client)
          const lists = play.map((one) => one.lists.join()).join()
          expect(rewards).to.deep.equal(byLists.get(lists) ?? rewards)
          byLists.set(lists, rewards)
        }
      })

      it('no coalition gains, whoever is in it, with the client or without', () => {
        let worst = 0n
        for (const play of deviations(n)) {
          const { members, client } = payoffs(n, play, [0, 1])
          const losses = members.map((amount, i) => honest.members[i]! - amount)
          // a coalition shares what its members gain: none of them gains anything
          const isGain = client > honest.client || losses.some((loss) => loss < 0n)
          if (isGain) expect.fail(`somebody gains by ${JSON.stringify(play)}`)
          for (const loss of losses) if (loss > worst) worst = loss
        }
        // what remains: left out of all lists, and the own fee taken by somebody who submits while Finalizing
        expect(worst).to.equal((REWARD * BigInt(HEIGHTS)) / BigInt(n) + FEE)
      })

      it('a convener below a third costs whom it leaves out that height’s share, and nobody gets it', () => {
        for (let victim = 0; victim < n; victim += 1) {
          const list = Number(allOf(n)) & ~(1 << victim)
          const [first, second] = honestPlay(n) as [Play[number], Play[number]]
          const play = [{ ...first, lists: first.lists.with(0, list) }, second]
          const { members, client, burnt } = payoffs(n, play, [0, 1])
          const loss = honest.members[victim]! - members[victim]!
          expect(loss).to.equal(REWARD / BigInt(n))
          expect(members.filter((amount, i) => amount !== honest.members[i])).to.have.length(1)
          expect([client, burnt]).to.deep.equal([honest.client, honest.burnt + loss])
        }
      })

      it('the contracts pay what the game says', async function () {
        this.timeout(240_000)
        const plays = [...deviations(n)]
        expect(plays).to.have.length(sizeOf(n))
        // the honest one, and some from all over
        const some = plays.filter((_, i) => i % Math.ceil(plays.length / 8) === 13)
        for (const play of [honestPlay(n), ...some]) {
          const { w, actors } = await loadFixture(fixture)
          const { paid, turns } = await played(w, await running(w, actors, TERMS), play)
          const { members, client, burnt } = payoffs(n, play, turns)
          expect(paid, JSON.stringify(play)).to.deep.equal({ members, client, burnt })
        }
      })
    })
  }
})
