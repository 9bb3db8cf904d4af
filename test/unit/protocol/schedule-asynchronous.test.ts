import { expect } from 'chai'
import { asynchronousDue, asynchronousPhase } from '../../../src/protocol/schedule.ts'
import { makeCluster } from '../../helpers/engine-cluster.ts'

describe('asynchronous resynchronisation (paper, section 5)', () => {
  it('is due once per period, at k·ΔT + phase', () => {
    const due: number[] = []
    for (let now = 1, since = 0; now <= 60; now += 1) {
      if (!asynchronousDue(7, 20, since, now)) continue
      due.push(now)
      since = now
    }
    expect(due).to.deep.equal([7, 27, 47])
  })

  it('stays due until a height opens', () => {
    expect([6, 7, 8, 30].map((now) => asynchronousDue(7, 20, 0, now))).to.deep.equal([
      false,
      true,
      true,
      true,
    ])
  })

  it('phases come from key and seed: in the period, and not all the same', () => {
    const cluster = makeCluster(13)
    const phases = cluster.members.map(({ index }) => asynchronousPhase(cluster, index, 1000))
    expect(phases.every((phase) => Number.isInteger(phase) && phase >= 0 && phase < 1000)).to.equal(true)
    expect(new Set(phases).size).to.be.greaterThan(10)
    const other = { ...cluster, seed: cluster.id }
    expect(asynchronousPhase(other, 0, 1000)).to.not.equal(phases[0])
  })
})
