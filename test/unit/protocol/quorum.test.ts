import { expect } from 'chai'
import { hasHonest, isQuorum, weightOf } from '../../../src/protocol/quorum.ts'
import { makeCluster } from '../../helpers/engine-cluster.ts'

describe('quorum', () => {
  for (const [total, refused, accepted] of [
    [3, 2, 3],
    [4, 2, 3],
    [6, 4, 5],
    [7, 4, 5],
    [9, 6, 7],
    [31, 20, 21],
    [64, 42, 43],
    [100, 66, 67],
    [128, 85, 86],
    [300, 200, 201],
  ] as const) {
    it(`W = ${total}: ${refused} is none, ${accepted} is one`, () => {
      const cluster = makeCluster(total === 300 ? 3 : total, total === 300 ? [100, 100, 100] : [])
      expect(cluster.totalWeight).to.equal(total)
      expect(isQuorum(cluster, refused)).to.equal(false)
      expect(isQuorum(cluster, accepted)).to.equal(true)
    })
  }

  it('W = 0 has no quorum', () => {
    const cluster = makeCluster(0)
    expect(isQuorum(cluster, 0)).to.equal(false)
    expect(isQuorum(cluster, 1)).to.equal(false)
  })

  it('more than a third holds an honest member; exactly a third need not', () => {
    const cluster = makeCluster(6)
    expect(hasHonest(cluster, 2)).to.equal(false)
    expect(hasHonest(cluster, 3)).to.equal(true)
  })

  it('counts a member once, and strangers not at all', () => {
    const cluster = makeCluster(4, [5, 1, 1, 1])
    expect(weightOf(cluster, [0, 0, 0])).to.equal(5)
    expect(weightOf(cluster, [1, 4, 31, 32, 33, 128, -1])).to.equal(1)
    expect(weightOf(cluster, [])).to.equal(0)
  })

  it('two quorums share more than a third', () => {
    for (const n of [4, 5, 6, 7, 13, 31, 33, 64, 100, 128]) {
      const cluster = makeCluster(n)
      const least = Array.from({ length: n + 1 }, (_, weight) => weight).find((weight) =>
        isQuorum(cluster, weight),
      )
      expect(hasHonest(cluster, 2 * least! - n)).to.equal(true)
    }
  })
})
