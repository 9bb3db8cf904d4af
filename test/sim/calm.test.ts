import { expect } from 'chai'
import { runSeed } from '../../src/sim/run-seed.ts'

describe('simulated world without faults', () => {
  it('decides every height three message delays after all have opened', async () => {
    const report = await runSeed(1, { heights: 6, calm: true, nodes: 4 })
    expect(report.violations).to.deep.equal([])
    expect(report.heights).to.equal(6)
    expect(report.delays).to.deep.equal([3, 3, 3, 3, 3, 3])
  })

  it('decides with 64 members, whose state is longer than that of 31', async () => {
    const report = await runSeed(2, { heights: 1, calm: true, nodes: 64 })
    expect(report.violations).to.deep.equal([])
    expect(report.rounds).to.deep.equal({ 0: 1 })
  })

  it('goes the same way for the same seed', async () => {
    const [first, second, other] = [
      await runSeed(2, { heights: 4, calm: true, nodes: 4 }),
      await runSeed(2, { heights: 4, calm: true, nodes: 4 }),
      await runSeed(3, { heights: 4, calm: true, nodes: 4 }),
    ]
    expect(second.traceHash).to.equal(first.traceHash)
    expect(second.events).to.equal(first.events)
    expect(other.traceHash).not.to.equal(first.traceHash)
  })
})
