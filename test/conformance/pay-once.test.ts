import { expect } from 'chai'
import type { TestNetwork } from '../helpers/chain.ts'
import { startTestNetwork } from '../helpers/chain.ts'
import { payOnce } from '../helpers/once.ts'

/** A sample; scripts/pay-once.ts takes as many as one likes. */
const SEEDS = [2, 4, 7, 10]

describe('payments over a link that drops, delays, doubles and reorders', () => {
  let net: TestNetwork
  before(async () => {
    net = await startTestNetwork({ nodes: 0 })
  })
  after(() => net.close())

  for (const seed of SEEDS) {
    it(`seed ${seed}: each is made once, and what failed is settled by the next command`, async () => {
      const { problems, failed } = await payOnce(net, seed)
      expect(problems).deep.equal([])
      expect(failed, 'the link was bad').greaterThan(0)
    })
  }
})
