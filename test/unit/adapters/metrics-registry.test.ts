import { expect } from 'chai'
import fc from 'fast-check'
import { MetricsRegistry, seriesMax } from '../../../src/adapters/system/metrics-registry.ts'
import { parseMetrics } from '../../helpers/parse-metrics.ts'

const SPECS = {
  rsdp_things_total: {
    kind: 'counter',
    help: 'Things, by "kind"\nand \\ size',
    labels: { kind: ['a', 'b"\\\n'] },
  },
  rsdp_level: { kind: 'gauge', help: 'A level' },
  rsdp_wait_seconds: { kind: 'histogram', help: 'A wait', buckets: [0.1, 1, 10] },
} as const

describe('metrics registry', () => {
  it('refuses definitions that Prometheus would', () => {
    const make = (name: string, spec: object) => () =>
      new MetricsRegistry({ [name]: { help: 'x', ...spec } as never })
    expect(make('rsdp-x', { kind: 'gauge' })).throw('no name of a metric')
    expect(make('rsdp_x', { kind: 'counter' })).throw('_total')
    expect(make('rsdp_x_total', { kind: 'gauge' })).throw('_total')
    expect(make('rsdp_x', { kind: 'histogram' })).throw('buckets')
    expect(make('rsdp_x', { kind: 'histogram', buckets: [1, 1] })).throw('ascend')
    expect(make('rsdp_x', { kind: 'gauge', labels: { le: ['1'] } })).throw('label le')
  })

  it('refuses to count what it does not know', () => {
    const registry = new MetricsRegistry(SPECS)
    expect(() => registry.add('rsdp_level')).throw('no counter')
    expect(() => registry.set('rsdp_things_total', 1)).throw('no gauge')
  })

  it('writes text that reads back as what was counted', () => {
    const registry = new MetricsRegistry(SPECS)
    registry.add('rsdp_things_total', 2, { kind: 'b"\\\n' })
    registry.add('rsdp_things_total', -5, { kind: 'a' })
    registry.set('rsdp_level', -1.5)
    for (const value of [0.1, 0.5, 100, Number.NaN]) registry.observe('rsdp_wait_seconds', value)
    const { samples, types } = parseMetrics(registry.text())
    expect(types).deep.equal({
      rsdp_things_total: 'counter',
      rsdp_level: 'gauge',
      rsdp_wait_seconds: 'histogram',
    })
    expect(samples).deep.equal([
      { name: 'rsdp_things_total', labels: { kind: 'a' }, value: 0 },
      { name: 'rsdp_things_total', labels: { kind: 'b"\\\n' }, value: 2 },
      { name: 'rsdp_level', labels: {}, value: -1.5 },
      { name: 'rsdp_wait_seconds_bucket', labels: { le: '0.1' }, value: 1 },
      { name: 'rsdp_wait_seconds_bucket', labels: { le: '1' }, value: 2 },
      { name: 'rsdp_wait_seconds_bucket', labels: { le: '10' }, value: 2 },
      { name: 'rsdp_wait_seconds_bucket', labels: { le: '+Inf' }, value: 3 },
      { name: 'rsdp_wait_seconds_sum', labels: {}, value: 100.6 },
      { name: 'rsdp_wait_seconds_count', labels: {}, value: 3 },
    ])
  })

  it('never has more series than its definitions allow, whatever the labels', () => {
    const registry = new MetricsRegistry(SPECS)
    const most = seriesMax(SPECS)
    const holds = fc.property(fc.string(), fc.nat(), (kind, by) => {
      registry.add('rsdp_things_total', by, { kind, more: kind })
      return parseMetrics(registry.text()).samples.length <= most
    })
    fc.assert(holds, { seed: 7, numRuns: 300 })
  })

  it('reads gauges at the scrape; what fails then leaves the last value', () => {
    const registry = new MetricsRegistry(SPECS)
    let level = 3
    registry.collect(() => {
      if (level > 3) throw new Error('stopping')
      registry.set('rsdp_level', level)
    })
    expect(registry.text()).contain('rsdp_level 3')
    level = 4
    expect(registry.text()).contain('rsdp_level 3')
  })
})
