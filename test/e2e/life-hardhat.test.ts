import type { LifeChain } from '../helpers/life/chains.ts'
import { hardhatChain, REAL_CHAIN_ID } from '../helpers/life/chains.ts'
import { checkLife } from '../helpers/life/check.ts'
import { live } from '../helpers/life/story.ts'

const NODES = 4

describe('a life by commands on Hardhat: blocks of a second, none for a transaction, windows of days', function () {
  this.timeout(1_800_000)
  let chain: LifeChain

  before(async () => {
    chain = await hardhatChain({ chainId: REAL_CHAIN_ID, blockSeconds: 1, automine: false })
  })
  after(() => chain.close())

  it('goes from the deployment to the withdrawal of all stake, to the wei', async () => {
    const said: string[] = []
    const publish = ['--nodes', String(NODES), '--heights', '8']
    const init = { chain, nodes: NODES, publish, toTheEnd: true }
    try {
      checkLife(await live({ ...init, say: (line) => said.push(line) }), NODES)
    } catch (error) {
      console.log(said.join('\n'))
      throw error
    }
  })
})
