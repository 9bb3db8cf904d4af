import { expect } from 'chai'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { playCell } from '../../../src/lab/models.ts'
import { dayLoad } from '../../../src/lab/queue/day-load.ts'
import { cellSchema } from '../../../src/lab/scenario.ts'
import { mean } from '../../../src/lab/statistics/summary.ts'

const trace = loadTrace()
const SMALL = { preset: 'even', nodes: 4, scale: { cpu: 0.1667 } }

function figures(more: object, seed = 1): Readonly<Record<string, number>> {
  const cell = cellSchema.parse({ name: 'test', seeds: 1, warmup: 1, cluster: SMALL, ...more })
  return playCell(cell, seed, trace).figures
}

describe('days and curves of load', function () {
  this.timeout(60_000)

  it('refuses a day without looks, and a curve without loads or with a load of nothing', () => {
    for (const more of [
      { model: 'queue', workload: { looks: 0 } },
      { model: 'queue', workload: { looks: 289 } },
      { model: 'curve', curve: { loads: [] } },
      { model: 'curve', curve: { loads: [0] } },
    ])
      expect(cellSchema.safeParse({ name: 'test', seeds: 1, ...more }).success, JSON.stringify(more)).equal(
        false,
      )
  })

  it('reads five machines of 14 days', () => {
    expect(trace.uses.map(({ length }) => length)).deep.equal(Array.from({ length: 5 }, () => 14 * 288))
    expect(trace.uses.flat().every((use) => use >= 0 && use <= 100)).equal(true)
  })

  it('all days together have the load that is asked for, whatever each machine is called to do', () => {
    const loads = Array.from({ length: 600 }, (_, seed) => dayLoad(seed, trace, 0.3, 1, 1000).loadAt(500))
    // clipped at its greatest, so a little less
    expect(mean(loads)).within(0.24, 0.33)
    expect(new Set(loads).size).greaterThan(300)
    // scaling one machine changes nothing
    const [one = [], ...others] = trace.uses
    const scaled = { ...trace, uses: [one.map((use) => 7 * use), ...others] }
    expect(dayLoad(3, scaled, 0.3, 12, 1000).loadAt(5500)).closeTo(
      dayLoad(3, trace, 0.3, 12, 1000).loadAt(5500),
      1e-9,
    )
  })

  it('a look lasts until the next, the last for good; a record that never changes is a steady load', () => {
    const { loadAt, peak } = dayLoad(1, trace, 0.4, 4, 1000)
    expect(loadAt(0)).equal(loadAt(999))
    expect(loadAt(3999)).equal(loadAt(9999))
    expect(Math.max(...[0, 1000, 2000, 3000].map(loadAt))).equal(peak)
    const flat = { ...trace, uses: [Array.from({ length: 500 }, () => 3)] }
    expect([0, 1000, 3000].map(dayLoad(1, flat, 0.4, 4, 1000).loadAt)).deep.equal([0.4, 0.4, 0.4])
  })

  it('a curve is what the queue model says at each load, and names its greatest', () => {
    const loads = [0.2, 0.4, 0.6]
    const spec = { duration: 2, balancer: 'least-connections' }
    const curve = figures({ model: 'curve', ...spec, curve: { loads } })
    const each = loads.map((load) => figures({ model: 'queue', ...spec, workload: { load } })['goodput'])
    expect(loads.map((load) => curve[`goodput_${load}`])).deep.equal(each)
    expect(curve['peak_goodput']).equal(Math.max(...each.map((goodput) => goodput ?? 0)))
    expect(curve['peak_load']).equal(0.6)
  })

  it('faults of strength zero leave all of the goodput, a crash does not', () => {
    const spec = { model: 'effect', duration: 4, workload: { load: 0.2 } }
    const nothing = [
      { kind: 'slow', node: 0, at: 1, for: 2, slowness: 1 },
      { kind: 'omission', node: 1, at: 1, for: 2, drop: 0 },
    ]
    expect(figures({ ...spec, faults: nothing })['effectiveness']).equal(1)
    const crash = [{ kind: 'crash', node: 0, at: 0, for: 4 }]
    const alone = { redundancy: false, detection: false }
    expect(figures({ ...spec, mechanisms: alone, faults: crash })['effectiveness']).below(0.9)
  })
})
