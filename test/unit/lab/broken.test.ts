import { expect } from 'chai'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { playCell } from '../../../src/lab/models.ts'
import { cellSchema } from '../../../src/lab/scenario.ts'
import { paired } from '../../../src/lab/statistics/paired.ts'

const trace = loadTrace()
/** Few, of the queue; the control plane alone is quick. */
const FEW = [1, 2, 3, 4]
const MANY = [1, 2, 3, 4, 5, 6, 7]

/** A measure by seed. */
function bySeed(measure: string, more: object): number[] {
  const isDrill = 'model' in more && more.model === 'drill'
  const cell = cellSchema.parse({ name: 'test', model: 'queue', seeds: 1, warmup: 1, ...more })
  return (isDrill ? MANY : FEW).map((seed) => playCell(cell, seed, trace).figures[measure] ?? Number.NaN)
}

/** Policies that are broken on purpose: the figure moves where it has to, and its interval does not hold 0. */
describe('the laboratory sees', function () {
  this.timeout(60_000)

  it('a gateway that takes all nodes for equal: more requests are late', () => {
    const spec = {
      duration: 2,
      cluster: { preset: 'C10' },
      balancer: 'weighted-round-robin',
      workload: { load: 0.4 },
    }
    const { ci95 } = paired(bySeed('late', spec), bySeed('late', { ...spec, broken: 'weights-ignored' }))
    expect(ci95.low).greaterThan(0)
  })

  it('shedding upside down: urgent services are served less', () => {
    const spec = {
      cluster: { preset: 'even' },
      drill: { services: 30, fill: 0.85, losses: 3, spare_below: 5, heights: 16 },
    }
    const { ci95 } = paired(
      bySeed('urgent_served', { model: 'drill', ...spec }),
      bySeed('urgent_served', { model: 'drill', ...spec, broken: 'shedding-upside-down' }),
    )
    expect(ci95.high).below(0)
  })

  it('failover without a fence: acknowledged writes are lost', () => {
    const spec = {
      model: 'drill',
      cluster: { preset: 'even' },
      drill: { services: 4, fill: 0.2, pause: 15, heights: 20 },
    }
    const kept = bySeed('lost_writes', spec)
    expect(kept).deep.equal(MANY.map(() => 0))
    const { ci95 } = paired(kept, bySeed('lost_writes', { ...spec, broken: 'no-fence' }))
    expect(ci95.low).greaterThan(0)
  })

  it('placement without hysteresis: more moves', () => {
    const spec = {
      model: 'day',
      cluster: { preset: 'even', nodes: 4 },
      day: { machines: 16, fill: 0.7 },
    }
    const { ci95 } = paired(
      bySeed('migrations', spec),
      bySeed('migrations', { ...spec, placement: { hysteresis: 0 } }),
    )
    expect(ci95.low).greaterThan(0)
  })
})
