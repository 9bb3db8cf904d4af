import { expect } from 'chai'
import fc from 'fast-check'
import { seriesMax } from '../../../src/adapters/system/metrics-registry.ts'
import { PROCESS_METRICS } from '../../../src/adapters/system/process-metrics.ts'
import { FOLLOW_METRICS } from '../../../src/cli/follow/metrics.ts'
import { NodeMetrics } from '../../../src/compose/metrics/node-metrics.ts'
import { NODE_METRICS } from '../../../src/compose/metrics/specs.ts'
import type { MetricSpec } from '../../../src/ports/metrics.ts'
import type { Sample } from '../../helpers/parse-metrics.ts'
import { parseMetrics } from '../../helpers/parse-metrics.ts'

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('metrics of a node', () => {
  let nowMs = 0
  const make = () => {
    const metrics = new NodeMetrics('1.2.3', () => nowMs)
    const samples = (): readonly Sample[] => parseMetrics(metrics.text()).samples
    const value = (name: string, labels: Sample['labels'] = {}): number | undefined =>
      samples().find(
        (one) =>
          one.name === name && Object.entries(labels).every(([label, text]) => one.labels[label] === text),
      )?.value
    return { metrics, log: metrics.tee(SILENT), samples, value }
  }

  it('has no label for a task, a peer, a height or an address, and few series', () => {
    for (const [name, { labels = {} }] of Object.entries<MetricSpec>({
      ...NODE_METRICS,
      ...FOLLOW_METRICS,
    })) {
      for (const label of Object.keys(labels))
        expect(label, name).not.match(/task|peer|height|member|address|key|url/i)
    }
    expect(seriesMax({ ...NODE_METRICS, ...PROCESS_METRICS })).most(250)
    expect(seriesMax(FOLLOW_METRICS)).most(60)
  })

  it('never has more, whatever events say', () => {
    const { log, samples } = make()
    const most = seriesMax({ ...NODE_METRICS, ...PROCESS_METRICS })
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('1', 'E1', 'DEBATE', 't1', 'Closed'),
      fc.nat(),
      fc.constant(null),
    )
    const event = fc.constantFrom(
      ...[
        'task.running',
        'phase.enter',
        'validity.measured',
        'task.over',
        'evidence.found',
        'member.convicted',
      ],
      ...['checkpoint.mined', 'finalize.refused', 'join.mined', 'peer.unreachable', 'anything.else'],
    )
    const facts = fc.record({
      ...{ task: word, member: word, transition: word, from: word, status: word, kind: word, offence: word },
      transitional: word,
    })
    const holds = fc.property(event, facts, (name, said) => {
      log.info(name, said)
      return samples().length <= most
    })
    fc.assert(holds, { seed: 11, numRuns: 400 })
  })

  it('passes every event on as it came', () => {
    const got: unknown[] = []
    const { metrics } = make()
    const take =
      (level: string) =>
      (...said: unknown[]): void =>
        void got.push([level, ...said])
    const log = metrics.tee({ info: take('info'), warn: take('warn'), error: take('error') })
    log.info('a')
    log.warn('task.over', { status: 'Closed' })
    log.error('c', { x: 1 })
    expect(got).deep.equal([
      ['info', 'a', {}],
      ['warn', 'task.over', { status: 'Closed' }],
      ['error', 'c', { x: 1 }],
    ])
  })

  it('measures how long a node was in a phase, task by task', () => {
    const { log, value } = make()
    nowMs = 1_000
    log.info('phase.enter', { task: '1', transition: 't1', from: 'INITIAL', to: 'DEBATE' })
    nowMs = 1_500
    log.info('phase.enter', { task: '2', transition: 't1', from: 'INITIAL', to: 'DEBATE' })
    nowMs = 3_000
    log.info('phase.enter', { task: '1', transition: 't4', from: 'DEBATE', to: 'SHARE' })
    expect(value('rsdp_phase_duration_seconds_sum', { phase: 'DEBATE' })).equal(2)
    expect(value('rsdp_phase_duration_seconds_count', { phase: 'DEBATE' })).equal(1)
    expect(value('rsdp_transitions_total', { transition: 't1' })).equal(2)
    log.info('task.over', { task: '1', status: 'Closed' })
    log.info('phase.enter', { task: '1', transition: 't1', from: 'SHARE', to: 'DEBATE' })
    expect(value('rsdp_phase_duration_seconds_count', { phase: 'SHARE' })).equal(0)
    expect(value('rsdp_tasks_finished_total', { status: 'Closed' })).equal(1)
  })

  it('tells its own conviction from others’, and counts transactions by what became of them', () => {
    const { log, value } = make()
    log.info('task.running', { task: '1', member: 4 })
    log.info('member.convicted', { task: '1', member: 4, offence: 'E1' })
    log.info('member.convicted', { task: '2', member: 4, offence: 'E3' })
    expect(value('rsdp_convictions_total', { of: 'self', offence: 'E1' })).equal(1)
    expect(value('rsdp_convictions_total', { of: 'others', offence: 'E3' })).equal(1)
    log.info('checkpoint.mined', {})
    log.info('finalize.refused', {})
    log.info('stranger.refused', {})
    expect(value('rsdp_anchor_transactions_total', { kind: 'checkpoint', result: 'mined' })).equal(1)
    expect(value('rsdp_anchor_transactions_total', { kind: 'finalize', result: 'refused' })).equal(1)
    expect(value('rsdp_anchor_transactions_total', { kind: 'other', result: 'refused' })).equal(0)
  })

  it('says what it is, and nothing about gas before it knows', () => {
    const { metrics, value } = make()
    expect(value('rsdp_build_info', { version: '1.2.3', node: process.version })).equal(1)
    expect(value('rsdp_wallet_balance_eth')).deep.equal(Number.NaN)
    metrics.balance(15n * 10n ** 17n)
    expect(value('rsdp_wallet_balance_eth')).equal(1.5)
    expect(value('process_resident_memory_bytes')).above(1e6)
  })
})
