import { expect } from 'chai'
import { loadTrace } from '../../../src/cli/lab/files.ts'
import { playCell } from '../../../src/lab/models.ts'
import { cellSchema } from '../../../src/lab/scenario.ts'

const trace = loadTrace()
const SMALL = {
  warmup: 1,
  duration: 1,
  balancer: 'least-connections',
  cluster: { preset: 'even', scale: { cpu: 0.1667, memory: 0.1667 } },
  search: { from: 0.3, to: 1.1, step: 0.1 },
}

function figures(more: object, seed = 1): Readonly<Record<string, number>> {
  return playCell(cellSchema.parse({ name: 'test', seeds: 1, ...SMALL, ...more }), seed, trace).figures
}

describe('more nodes, and larger ones', function () {
  this.timeout(60_000)

  it('refuses no sizes, clusters of nobody, and less than nothing more', () => {
    for (const more of [
      { model: 'scaling', scaling: { nodes: [] } },
      { model: 'scaling', scaling: { nodes: [0] } },
      { model: 'scaling', scaling: { nodes: [129] } },
      { model: 'vertical', vertical: { more: -0.1 } },
    ])
      expect(cellSchema.safeParse({ name: 'test', seeds: 1, ...more }).success, JSON.stringify(more)).equal(
        false,
      )
  })

  it('each size breaks where the queue model alone says', () => {
    const scaled = figures({ model: 'scaling', scaling: { nodes: [2, 4] } })
    const alone = [2, 4].map(
      (nodes) =>
        figures({ model: 'break-point', cluster: { ...SMALL.cluster, nodes } })['goodput'] ?? Number.NaN,
    )
    expect([scaled['throughput_2'], scaled['throughput_4']]).deep.equal(alone)
    expect(scaled['gain_4']).equal((alone[1] ?? 0) / (alone[0] ?? 0))
    expect(scaled['efficiency_4']).equal((scaled['gain_4'] ?? 0) / 2)
  })

  it('heights that cost nothing take no part, others what they cost; a large cost lowers what a cluster can do', () => {
    const of = (per_member: number): Readonly<Record<string, number>> =>
      figures({ model: 'scaling', scaling: { nodes: [4] }, height_cpu_ms: { fixed: 0, per_member } })
    expect(of(0)['coordination_4']).equal(0)
    // 4 nodes of 2 cores, each 4 × 100 ms a second: 1,600 of 8,000 ms
    expect(of(100)['coordination_4']).closeTo(0.2, 1e-9)
    expect(of(100)['throughput_4']).below(of(0)['throughput_4'] ?? 0)
  })

  it('nothing more gains nothing; more processors serve more; memory helps who lacks it', () => {
    const nothing = figures({ model: 'vertical', vertical: { more: 0 } })
    expect(new Set(Object.values(nothing))).deep.equal(new Set([0]))
    const more = figures({ model: 'vertical', vertical: { more: 1 } })
    expect(more['gain_cpu']).greaterThan(0.5)
    expect(more['latency_network']).below(0)
    const mix = { cpu: 0.1, memory: 0.8, io: 0.1 }
    const hungry = figures({
      model: 'vertical',
      vertical: { more: 1 },
      workload: { mix },
      cluster: { preset: 'even', scale: { cpu: 0.1667, memory: 0.07 } },
      search: { from: 0.05, to: 1.2, step: 0.05 },
    })
    expect(hungry['gain_memory']).greaterThan(more['gain_memory'] ?? 0)
    expect(hungry['gain_memory']).greaterThan(hungry['gain_cpu'] ?? 0)
  })
})

describe('drills whose nodes come back', () => {
  const drill = { services: 20, fill: 0.4, heights: 40 }
  const of = (more: object): Readonly<Record<string, number>> =>
    figures({ model: 'drill', cluster: { preset: 'telecom-5' }, drill: { ...drill, ...more } })

  it('nobody lost: nothing to do', () => {
    expect(of({ losses: 0 })).deep.include({ lost_services: 0, urgent_served: 1, migrations: 0 })
  })

  it('without a quorum services come back with their nodes, and not at all if those do not', () => {
    expect(of({ losses: 2, repair: 20 })['full_health_s']).within(21, 25)
    expect(of({ losses: 2 })['full_health_s']).deep.equal(Number.NaN)
    expect(of({ losses: 2 })['back_share']).equal(0)
  })

  it('with a quorum they do not wait', () => {
    expect(of({ losses: 1, repair: 30 })['full_health_s']).below(12)
    expect(of({ losses: 1 })['full_health_s']).equal(of({ losses: 1, repair: 30 })['full_health_s'])
  })
})
