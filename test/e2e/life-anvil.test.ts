import type { LifeChain } from '../helpers/life/chains.ts'
import { anvilChain, REAL_CHAIN_ID } from '../helpers/life/chains.ts'
import { checkLife } from '../helpers/life/check.ts'
import { live } from '../helpers/life/story.ts'
import { skip } from '../helpers/skip.ts'

const NODES = 4

describe('a life by commands on anvil: blocks of a second, none for a transaction, windows of days', function () {
  this.timeout(1_800_000)
  let chain: LifeChain | null

  before(async function () {
    chain = await anvilChain({ chainId: REAL_CHAIN_ID, blockSeconds: 1, automine: false })
    if (chain === null) skip(this, 'npm has no anvil for this machine')
  })
  after(() => chain?.close())

  // anvil takes minutes for the blocks of the evidence window: `npm run life` goes on
  it('goes from the deployment to the result, by commands alone', async () => {
    const said: string[] = []
    const publish = ['--nodes', String(NODES), '--heights', '8']
    const init = { chain: chain!, nodes: NODES, publish, toTheEnd: false }
    try {
      checkLife(await live({ ...init, say: (line) => said.push(line) }), NODES)
    } catch (error) {
      console.log(said.join('\n'))
      throw error
    }
  })
})
