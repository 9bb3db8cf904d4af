import { expect } from 'chai'
import { metricsObservation } from '../../../src/services/metrics/codec.ts'
import type { MetricsObservation } from '../../../src/services/metrics/codec.ts'
import { metrics } from '../../../src/services/metrics/slice.ts'
import { resourceWeights } from '../../../src/services/metrics/weights.ts'
import { foldContext, membersOf } from '../../helpers/services-cluster.ts'
import { POLICY } from '../../helpers/services-inputs.ts'

const context = foldContext(membersOf([1, 1, 1, 1]))
const capacity = { cpu: 400, memory: 800, throughput: 1000, transactions: 250 }
const own = { capacity, cpu: 600, memory: 600, throughput: 400, transactions: 200, lockContention: 50 }
const seen = (...latencies: readonly number[]): { member: number; state: MetricsObservation }[] =>
  latencies.map((latency, i) => ({
    member: i + 1,
    state: { own: [], peers: [{ member: 0, latency, loss: 10 }] },
  }))

describe('metrics slice', () => {
  it('refuses parts above 1, and two words of oneself', () => {
    const refused: MetricsObservation[] = [
      { own: [{ ...own, cpu: 1001 }], peers: [] },
      { own: [{ ...own, lockContention: 1001 }], peers: [] },
      { own: [], peers: [{ member: 1, latency: 0, loss: 1001 }] },
      { own: [], peers: [{ member: 128, latency: 0, loss: 0 }] },
    ]
    for (const one of refused) expect(metricsObservation.decode(metricsObservation.encode(one))).equal(null)
    expect(() => metricsObservation.encode({ own: [own, own], peers: [] })).throw()
  })

  it('takes the lower median of the others, never the own word', () => {
    const self = { member: 0, state: { own: [], peers: [{ member: 0, latency: 1, loss: 0 }] } }
    const { rows } = metrics.fold(metrics.empty, [self, ...seen(80, 220, 100)], context, POLICY.metrics, {})
    expect(rows).length(1)
    expect(rows[0]).include({ member: 0, latency: 100, loss: 10 })
  })

  it('keeps what it has while too few observe, and says nothing of who was never seen', () => {
    expect(metrics.fold(metrics.empty, seen(80, 90), context, POLICY.metrics, {}).rows).deep.equal([])
    const before = metrics.fold(metrics.empty, seen(80, 90, 95), context, POLICY.metrics, {})
    expect(metrics.fold(before, seen(1, 2), context, POLICY.metrics, {}).rows[0]).include({ latency: 90 })
  })

  it('clips capacity to the policy, and use to the capacity', () => {
    const policy = { cpu: 100, memory: 500, throughput: 9999, transactions: 9999 }
    const [row] = metrics.fold(
      metrics.empty,
      [{ member: 0, state: { own: [own], peers: [] } }],
      context,
      policy,
      {},
    ).rows
    expect(row).deep.include({
      capacity: { ...capacity, cpu: 100, memory: 500 },
      memory: 500,
      cpu: 600,
      age: 0,
    })
  })

  it('a silent member keeps its row, which ages', () => {
    const first = metrics.fold(
      metrics.empty,
      [{ member: 2, state: { own: [own], peers: [] } }],
      context,
      POLICY.metrics,
      {},
    )
    const second = metrics.fold(first, [], context, POLICY.metrics, {})
    expect(second.rows).deep.equal([{ ...first.rows[0], age: 1 }])
  })
})

describe('resource weights', () => {
  it('are the mean part of bandwidth, cores and memory in ‰, plus 1', () => {
    const row = { member: 0, ...own, latency: 0, loss: 0, age: 0 }
    const none = { cpu: 0, memory: 0, throughput: 0, transactions: 0 }
    const big = { cpu: 1200, memory: 800, throughput: 3000, transactions: 0 }
    expect(resourceWeights([])).deep.equal([])
    expect(resourceWeights([{ ...row, capacity: none }])).deep.equal([{ member: 0, weight: 1 }])
    expect(resourceWeights([row, { ...row, member: 1, capacity: big }])).deep.equal([
      { member: 0, weight: 1 + Math.floor((250 + 250 + 500) / 3) },
      { member: 1, weight: 1 + Math.floor((750 + 750 + 500) / 3) },
    ])
  })
})
