import { expect } from 'chai'
import type { Damage } from '../helpers/store-images.ts'
import { DAMAGES, playImage } from '../helpers/store-images.ts'

/** Another one, and more of each, by the environment. */
const SEED = Number(process.env['RSDP_SEED'] ?? 20_261_129)
const EACH = Number(process.env['RSDP_IMAGES'] ?? 1)

describe(`a store that is damaged between two lives (RSDP_SEED=${SEED})`, function () {
  this.timeout(600_000)

  for (const [at, damage] of (Object.keys(DAMAGES) as Damage[]).entries()) {
    it(`nothing is signed twice, and the node votes again: ${damage}`, async () => {
      for (let image = 0; image < EACH; image += 1) {
        const seed = SEED + 1_000 * at + image
        const { conflicts, fatal, isDone, heightsUntilVote } = await playImage(seed, damage)
        expect(conflicts, `seed ${seed}`).to.deep.equal([])
        expect(fatal, `seed ${seed}`).to.deep.equal([])
        expect(isDone, `seed ${seed}: all heights decided`).to.equal(true)
        expect(heightsUntilVote, `seed ${seed}: heights until it votes`).to.be.within(0, 5)
      }
    })
  }
})
