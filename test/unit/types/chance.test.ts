import { expect } from 'chai'
import { chanceOf } from '../../../src/types/chance.ts'

describe('The chance on a chain', () => {
  it('is good where many propose, local where nobody cares, and weak where nothing is known', () => {
    for (const id of [1, 100, 11_155_111]) expect(chanceOf(id)).to.equal('good')
    for (const id of [31_337, 1_337]) expect(chanceOf(id)).to.equal('local')
    // OP Mainnet, Base, Arbitrum One, Polygon, BNB Smart Chain, and a chain of nobody
    for (const id of [10, 8_453, 42_161, 137, 56, 987_654_321]) expect(chanceOf(id)).to.equal('weak')
  })
})
