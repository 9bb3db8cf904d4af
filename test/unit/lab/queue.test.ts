import { expect } from 'chai'
import { exponential, stream } from '../../../src/lab/draw.ts'
import { cellsOf } from '../../../src/lab/cells.ts'
import { breakPoint, isWithin } from '../../../src/lab/queue/break-point.ts'
import { nodesOf } from '../../../src/lab/queue/cluster.ts'
import { decisionMs } from '../../../src/lab/queue/control.ts'
import { drawFaults } from '../../../src/lab/queue/faults.ts'
import { Machine } from '../../../src/lab/queue/node.ts'
import { play } from '../../../src/lab/queue/play.ts'
import { arrivals } from '../../../src/lab/queue/workload.ts'
import { cellSchema, scenarioSchema } from '../../../src/lab/scenario.ts'
import type { Cell } from '../../../src/lab/scenario.ts'
import { runSeed } from '../../../src/sim/run-seed.ts'
import { loadTrace } from '../../../src/cli/lab/files.ts'

const trace = loadTrace()

function cellOf(more: object): Cell {
  return cellSchema.parse({ name: 'test', model: 'queue', seeds: 1, warmup: 1, duration: 2, ...more })
}

const SMALL = { cluster: { preset: 'telecom-5' }, workload: { load: 0.3 } }

describe('queue model', function () {
  this.timeout(60_000)

  it('refuses what is no scenario, by name', () => {
    const whole = { name: 'x', model: 'queue', seeds: 1, measures: ['cpu'] }
    expect(scenarioSchema.safeParse(whole).success).equal(true)
    for (const wrong of [
      { ...whole, name: '' },
      { ...whole, model: 'magic' },
      { ...whole, seeds: 0 },
      { ...whole, measures: [] },
      { ...whole, unknown: 1 },
      { ...whole, workload: { load: -1 } },
      { ...whole, faults: [{ kind: 'crash', node: 0, at: -1, for: 1 }] },
      { ...whole, cluster: { preset: 'mars' } },
    ])
      expect(scenarioSchema.safeParse(wrong).success, JSON.stringify(wrong)).equal(false)
    const factors = { 'workload.load': [0.1, 'much'] }
    expect(() => cellsOf(scenarioSchema.parse({ ...whole, factors }))).throws()
  })

  it('cells are all combinations, each with a name', () => {
    const factors = {
      'workload.load': [0.1, 0.2],
      mechanisms: [{ label: 'none', set: { 'mechanisms.detection': false, balancer: 'random' } }],
    }
    const cells = cellsOf(
      scenarioSchema.parse({ name: 'x', model: 'queue', seeds: 1, measures: ['cpu'], factors }),
    )
    expect(cells.map(({ name }) => name)).deep.equal(['load=0.1 mechanisms=none', 'load=0.2 mechanisms=none'])
    expect(cells[1]?.cell).deep.include({ balancer: 'random' })
    expect(cells[1]?.cell.workload.load).equal(0.2)
    expect(cells[1]?.cell.mechanisms).deep.equal({ redundancy: true, detection: false, adaptability: true })
  })

  it('the same seed gives the same figures, another seed others', () => {
    const once = play(cellOf(SMALL), 1, trace)
    expect(play(cellOf(SMALL), 1, trace)).deep.equal(once)
    expect(play(cellOf(SMALL), 2, trace).figures).not.deep.equal(once.figures)
  })

  it('treatments of a seed meet the same requests', () => {
    const requests = (['random', 'least-connections', 'priority'] as const).map(
      (balancer) => play(cellOf({ ...SMALL, balancer }), 3, trace).figures['requests'],
    )
    expect(new Set(requests).size).equal(1)
  })

  it('a machine is the queue of the textbook: M/M/1 and M/M/3 have the mean times of Erlang', () => {
    const meanTime = (cores: number, load: number): number => {
      const random = stream(7, `queue ${cores}`)
      const spec = { ...nodesOf(cellOf(SMALL).cluster, 1)[0]!, cores, memoryMb: 1e12 }
      const machine = new Machine(spec, 0)
      let [atMs, sum] = [0, 0]
      const count = 200_000
      for (let i = 0; i < count; i += 1) {
        atMs += exponential(random, 10 / (load * cores))
        const slot = machine.take(atMs, { cpuMs: exponential(random, 10), memoryMb: 0, ops: 0 })
        sum += (slot?.endMs ?? 0) - atMs
      }
      return sum / count
    }
    expect(meanTime(1, 0.7)).closeTo(10 / 0.3, 2)
    // Erlang C of 3 servers at 2.1: 0.4923; time = 10 + 0.4923 · 10 / (3 − 2.1)
    expect(meanTime(3, 0.7)).closeTo(10 + (0.4923 * 10) / 0.9, 0.5)
  })

  it('arrivals have the rate that is asked for, ascending, with the copies of the trace or by Poisson', () => {
    for (const kind of ['trace', 'poisson'] as const) {
      const spec = {
        kind,
        fullRate: 2,
        loadAt: (at: number) => (at < 5000 ? 0.5 : 1),
        peak: 1,
        untilMs: 10_000,
      }
      const times = arrivals(1, trace, spec)
      expect([...times]).deep.equal([...times].sort((a, b) => a - b))
      expect(times.filter((at) => at < 5000).length, kind).closeTo(5000, 600)
      expect(times.filter((at) => at >= 5000).length, kind).closeTo(10_000, 900)
    }
  })

  it('faults are the same for every treatment, and pairs share a region', () => {
    const spec = { count: 200, kinds: ['crash' as const], for_s: [1, 2] as const, correlated: 1 }
    const faults = drawFaults(1, [0, 0, 1, 1, 2], 60_000, spec)
    expect(drawFaults(1, [0, 0, 1, 1, 2], 60_000, spec)).deep.equal(faults)
    expect(drawFaults(1, [0, 0, 1, 1, 2], 60_000, { ...spec, correlated: 0 })).length(200)
    for (const [i, one] of faults.entries()) {
      const twin = faults[i + 1]
      if (twin?.atMs === one.atMs) expect(one.node >> 1).equal(twin.node >> 1)
    }
    expect(faults.length).greaterThan(300)
  })

  it('a node that crashes twice at once is back when the second one ends, and owes no memory', () => {
    // the memory of a node goes into an input, which holds nothing below 0
    const crash = (at: number, end: number): object => ({ kind: 'crash', node: 1, at, for: end - at })
    const spec = { cluster: { preset: 'even', nodes: 4 }, workload: { load: 0.4 }, duration: 8 }
    const of = (faults: readonly object[]): Readonly<Record<string, number>> =>
      play(cellOf({ ...spec, mechanisms: { redundancy: false, detection: false }, faults }), 1, trace).figures
    const twice = of([crash(1, 4), crash(2, 6)])
    expect(twice['errors']).greaterThan(1.3 * (of([crash(1, 4)])['errors'] ?? 0))
    expect(twice['recovery_s']).equal(of([crash(1, 6)])['recovery_s'])
  })

  it('detection ends a crash that no client survives otherwise', () => {
    const crash = {
      faults: [{ kind: 'crash', node: 2, at: 2, for: 60 }],
      duration: 20,
      workload: { load: 0.1 },
    }
    const spec = { cluster: { preset: 'even' }, balancer: 'random', ...crash }
    const of = (mechanisms: object): Readonly<Record<string, number>> =>
      play(cellOf({ ...spec, mechanisms }), 1, trace).figures
    const seen = of({ redundancy: false, detection: true })
    const unseen = of({ redundancy: false, detection: false })
    const retried = of({ redundancy: true, detection: false })
    expect(seen['recovery_s']).within(3, 9)
    expect(unseen['recovery_s']).equal(18)
    expect(unseen['errors']).greaterThan(2 * (seen['errors'] ?? 0))
    expect(retried['errors']).below(0.2 * (unseen['errors'] ?? 0))
  })

  it('services come back on other nodes, by the placement of the services', () => {
    const services = [1, 2, 3].map((id) => ({ id, share: 1 / 3, copies: [1, 1] }))
    const more = { services, cluster: { preset: 'even' }, duration: 30, workload: { load: 0.1 } }
    const crashes = [0, 1, 2].map((node) => ({ kind: 'crash', node, at: 5, for: 60 }))
    const { figures } = play(
      cellOf({ ...more, faults: crashes, mechanisms: { redundancy: false } }),
      1,
      trace,
    )
    expect(figures['availability']).within(0.5, 1)
    expect(figures['recovery_s']).within(0, 12)
    expect(figures['undecided']).equal(0)
  })

  it('without a quorum nothing is decided', () => {
    const faults = [0, 1, 2, 3].map((node) => ({ kind: 'cut', node, at: 0, for: 60 }))
    const { figures } = play(
      cellOf({ cluster: { preset: 'C10' }, workload: { load: 0.1 }, faults, duration: 4 }),
      1,
      trace,
    )
    expect(figures['undecided']).greaterThan(0.2)
  })

  it('the break point is the last load within the objective', () => {
    const cell = cellOf({ ...SMALL, balancer: 'round-robin', search: { step: 0.1 } })
    const load = breakPoint(cell, 1, trace).figures['break_load'] ?? 0
    const at = (more: number): Cell => ({ ...cell, workload: { ...cell.workload, load: load + more } })
    expect(isWithin(cell, play(at(0), 1, trace))).equal(true)
    expect(isWithin(cell, play(at(0.1), 1, trace))).equal(false)
  })

  it('a height takes three message delays to the member that completes a quorum, as in the simulator', async () => {
    expect(decisionMs([10, 20, 30, 40], [1, 1, 1, 1])).equal(45)
    expect(decisionMs([10, 20, 30, 40], [1, 9, 1, 1])).equal(30)
    for (const seed of [1, 2]) {
      const { delays, violations } = await runSeed(seed, { calm: true, nodes: 4, heights: 3 })
      expect(violations).deep.equal([])
      expect(delays.length).greaterThan(2)
      for (const delay of delays) expect(delay).within(2, 3.2)
    }
  })
})
