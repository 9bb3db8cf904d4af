import { expect } from 'chai'
import { network } from 'hardhat'
import { ROOMY } from '../helpers/twin-chain.ts'
import { Trial } from './trial.ts'

const connection = await network.create({ override: ROOMY })
/** Of each: one task of four members, and one of seven. `npm run fuzz:evidence` brings as many as you like. */
const PROOFS = 750

describe('Proofs made of what honest members signed', function () {
  this.timeout(300_000)
  let trial: Trial
  before(async () => {
    trial = await Trial.begin(connection)
  })

  for (const [seed, members] of [
    [2, 4],
    [3, 7],
  ] as const) {
    it(`convict nobody of ${members}, whatever is bent, and three judges say so`, async () => {
      expect(await trial.session(seed, PROOFS)).to.equal(null)
    })
  }

  it('are judged by contracts that do convict liars', () => {
    expect(trial.tally.cases).to.equal(2 * PROOFS)
    expect(trial.tally.liars).to.be.greaterThan(5)
  })
})
