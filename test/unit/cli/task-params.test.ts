import { expect } from 'chai'
import { joinBlocksFor } from '../../../src/cli/task-params.ts'

describe('sign-up of a published task', () => {
  it('L: is longer than the depth at which nodes read the chain, on every kind of chain', () => {
    for (const reorgDepth of [1, 6, 10, 11, 64, 1_000])
      expect(joinBlocksFor(reorgDepth)).at.least(Math.max(20, 2 * reorgDepth))
    // a deployment off local chains
    expect(joinBlocksFor(64)).equal(128)
  })
})
