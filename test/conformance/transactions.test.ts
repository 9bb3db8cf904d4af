import { expect } from 'chai'
import { PROTOCOLS } from '../../src/types/transaction.ts'
import { TxCluster } from '../helpers/transactions/cluster.ts'
import { play, storiesOf } from '../helpers/transactions/deaths.ts'

describe('transactions over libp2p, on five nodes that host three stores', function () {
  this.timeout(300_000)
  let cluster: TxCluster
  before(async () => {
    cluster = await TxCluster.start()
  })
  after(() => cluster.close())

  for (const protocol of PROTOCOLS) {
    it(`${protocol}: is atomic whoever dies at whatever state, and ends`, async () => {
      // all points of all states: npm run campaign:transactions -- --nodes
      const stories = storiesOf(protocol).filter((_, i) => i % 3 === (Math.floor(i / 3) + 2) % 3)
      for (const [i, story] of stories.entries())
        expect(await play(cluster, story, `${protocol} ${i}`), JSON.stringify(story)).deep.equal([])
    })
  }
})
