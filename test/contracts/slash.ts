import { expect } from 'chai'
import { network } from 'hardhat'
import { proofOf, report } from './evidence.ts'
import { deviations, honestPlay, payoffs } from './pay-game.ts'
import type { Proof, Slashed } from './slash-game.ts'
import { BOUNTY, LOCK, due, ladders, picks, slashed } from './slash-game.ts'
import type { Story, World } from './world.ts'
import { WINDOWS, blockNumber, claimsOpenAt, deployWorld, mineTo, registeredMany, running } from './world.ts'

const connection = await network.create()
const { loadFixture } = connection.networkHelpers

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((all, amount) => all + amount, 0n)

/** All plays: what can be proved against each of the seats whose keys a coalition holds. The others sign nothing that proves anything. */
function* plays(n: number, held: number): Generator<readonly (readonly Proof[])[]> {
  const honest = Array.from({ length: n - held }, (): readonly Proof[] => [])
  for (const own of picks(ladders(n), held)) yield [...own, ...honest]
}

async function four() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 4) }
}
async function five() {
  const w = await deployWorld(connection)
  return { w, actors: await registeredMany(w, 5) }
}

/** The proof of a share, as the contracts have it. */
function broughtOf(story: Story, member: number, { percent }: Proof) {
  if (percent === 1) return proofOf(story, member, 'unjustifiedVote')
  if (percent === 5) return proofOf(story, member, 'illegalLog')
  if (percent === 100) return proofOf(story, member, 'equivocation')
  throw new Error(`no proof of ${percent} %`)
}

/** A play on the contracts, all reported by one account; then every lock is released. */
async function played(w: World, story: Story, proofs: readonly (readonly Proof[])[]): Promise<Slashed> {
  const reporter = await w.mallory.getAddress()
  const credited: bigint[] = []
  for (const [member, ladder] of proofs.entries()) {
    const before = await w.registry.creditOf(reporter)
    for (const proof of ladder) await report(w, w.mallory, broughtOf(story, member, proof))
    credited.push((await w.registry.creditOf(reporter)) - before)
  }
  await story.accept()
  await mineTo(w, (await blockNumber(w)) + WINDOWS.closeGrace)
  await mineTo(w, await claimsOpenAt(w, story.taskId))
  const taken: bigint[] = []
  for (const { keyAddress, operatorAddress } of story.members) {
    const { free } = await w.registry.account(operatorAddress)
    if ((await w.registry.lockOf(story.taskId, keyAddress)) > 0n)
      await w.board.connect(w.mallory).release(story.taskId, keyAddress)
    taken.push(LOCK - ((await w.registry.account(operatorAddress)).free - free))
  }
  return { taken, credited, burnt: await w.registry.burnt() }
}

describe('Slashing', () => {
  for (const [n, fixture] of [
    [4, four],
    [5, five],
  ] as const) {
    describe(`as a game of ${n} members, thieves, cartels, reporters and the client`, function () {
      this.timeout(300_000)

      it('no coalition gains by proofs against its own keys, whoever is in it and whoever reports', () => {
        let least = LOCK
        for (let held = 1; held <= n; held += 1) {
          for (const proofs of plays(n, held)) {
            const { taken, credited } = slashed(proofs)
            const loss = sum(taken) - sum(credited) // it reports all of them itself: nothing is better for it
            const accused = proofs.filter((ladder) => ladder.length > 0).length
            if (accused === 0) expect(loss).to.equal(0n)
            else if (loss < BigInt(accused) * (due(1) - due(1) / 10n)) expect.fail(JSON.stringify(proofs))
            else if (loss < least) least = loss
          }
        }
        // the cheapest that anybody can have: one vote for a list that is none, reported by its own member
        expect(least).to.equal(due(1) - due(1) / 10n)
      })

      it('nobody else loses by it: neither a seat without proof, nor the client', () => {
        for (let held = 0; held <= n; held += 1)
          for (const proofs of plays(n, held)) {
            const { taken, credited, burnt } = slashed(proofs)
            for (const [seat, ladder] of proofs.entries())
              if (ladder.length === 0 && taken[seat] !== 0n)
                expect.fail(`${seat} pays: ${JSON.stringify(proofs)}`)
            // what is taken is credited or burnt: no third party is paid, so nobody has a reason to bring it about
            expect(burnt + sum(credited)).to.equal(sum(taken))
          }
      })

      it('a thief with one stolen key gets the bounties alone, whatever other seats it has', () => {
        let most = 0n
        for (const ladder of ladders(n)) {
          const alone = slashed([ladder, ...Array.from({ length: n - 1 }, () => [])])
          if (alone.credited[0]! > most) most = alone.credited[0]!
          for (let own = 1; own < n; own += 1)
            for (const others of picks(ladders(n), own)) {
              const proofs = [ladder, ...others, ...Array.from({ length: n - 1 - own }, () => [])]
              const { taken, credited } = slashed(proofs)
              // its own seats cost it more than they add to what it gets
              const gain = sum(credited) - sum(taken.slice(1))
              if (gain > alone.credited[0]!) expect.fail(JSON.stringify(proofs))
            }
        }
        expect(most <= LOCK / 10n).to.equal(true)
        // the lock is 777: n + 1 steps of a wrong reduction, each within a tenth and the bounty
        expect(most).to.equal(slashed([ladders(n).at(-1)!]).credited[0])
      })

      it('a cartel that signs an invented history pays nine tenths of its locks at least, though it reports itself', () => {
        const all: readonly Proof[] = [{ percent: 100, correlated: true }]
        for (let cartel = Math.floor((2 * n) / 3) + 1; cartel <= n; cartel += 1) {
          const proofs = Array.from({ length: n }, (_, seat) => (seat < cartel ? all : []))
          const { taken, credited } = slashed(proofs)
          expect(sum(taken)).to.equal(BigInt(cartel) * LOCK)
          expect(sum(credited)).to.equal(BigInt(cartel) * BOUNTY)
          expect(10n * sum(credited) <= sum(taken)).to.equal(true)
        }
      })

      it('the order of proofs changes what reporters get, within a tenth, not what a seat pays', () => {
        for (const ladder of ladders(n)) {
          const rest = Array.from({ length: n - 1 }, () => [])
          const { taken, credited } = slashed([ladder, ...rest])
          const turned = slashed([ladder.toReversed(), ...rest])
          expect(turned.taken).to.deep.equal(taken)
          for (const credit of [credited[0]!, turned.credited[0]!])
            expect(10n * credit <= taken[0]!).to.equal(true)
        }
      })

      it('with pay: no coalition gains by lists, signatures and submitters together with proofs', () => {
        const honest = payoffs(n, honestPlay(n), [0, 1])
        const every = ladders(n)
        let i = 0
        for (const play of deviations(n)) {
          i += 1
          if (i % 7 !== 0) continue
          const { members, client } = payoffs(n, play, [0, 1])
          const proofs = Array.from({ length: n }, (_, seat) => every[(i * (seat + 3)) % every.length]!)
          const { taken, credited } = slashed(proofs)
          expect(client).to.equal(honest.client)
          for (const [seat, ladder] of proofs.entries()) {
            // who is convicted is not paid
            const pay = ladder.length > 0 ? 0n : members[seat]!
            if (pay - taken[seat]! + credited[seat]! > honest.members[seat]!)
              expect.fail(`${seat} gains by ${JSON.stringify({ play, proofs })}`)
          }
        }
      })

      it('the contracts take, credit and burn what the game says', async () => {
        const named: readonly Proof[] = ladders(n)[15]!.filter(({ percent }) => percent !== 20)
        const [one, five, all] = named as [Proof, Proof, Proof]
        const tables: readonly (readonly (readonly Proof[])[])[] = [
          [[]],
          [[one]],
          [[five], [five]],
          [[one, five, all], [], [five]],
          [[five], [all], [one], [five]],
          Array.from({ length: n }, () => [five]),
        ]
        for (const table of tables) {
          const { w, actors } = await loadFixture(fixture)
          const story = await running(w, actors, { heights: 1, stakePerNode: LOCK })
          const proofs = Array.from({ length: n }, (_, seat) => table[seat] ?? [])
          expect(await played(w, story, proofs), JSON.stringify(proofs)).to.deep.equal(slashed(proofs))
        }
      })
    })
  }

  it('has the bounty of the contracts', async () => {
    const { w } = await loadFixture(four)
    expect(await w.registry.bounty()).to.equal(BOUNTY)
  })
})
