import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { parse } from 'yaml'
import { MetricsRegistry } from '../../../src/adapters/system/metrics-registry.ts'
import { PROCESS_METRICS } from '../../../src/adapters/system/process-metrics.ts'
import { FOLLOW_METRICS } from '../../../src/cli/follow/metrics.ts'
import { NodeMetrics } from '../../../src/compose/metrics/node-metrics.ts'
import { NODE_METRICS } from '../../../src/compose/metrics/specs.ts'
import type { NodeHealth } from '../../../src/node/node-health.ts'
import type { MetricSpec } from '../../../src/ports/metrics.ts'
import { parseMetrics } from '../../helpers/parse-metrics.ts'
import type { Scrape } from '../../helpers/promql.ts'
import { holds, metricsIn, parsePromql } from '../../helpers/promql.ts'

const DIR = fileURLToPath(new URL('../../../dashboards/', import.meta.url))
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }
const STEP_SECONDS = 15

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string }
}

const { groups } = parse(readFileSync(`${DIR}alerts.yml`, 'utf8')) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}
const RULES = groups.flatMap(({ rules }) => rules)

/** Names of all series that are served. */
const SERVED = new Set(
  Object.entries<MetricSpec>({ ...NODE_METRICS, ...PROCESS_METRICS, ...FOLLOW_METRICS }).flatMap(
    ([name, { kind }]) =>
      kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  ),
)

const HEALTHY: NodeHealth = {
  ...{
    key: '0x01',
    ready: true,
    notReady: [],
    addresses: [],
    store: 'whole',
    outbox: 0,
    notJoined: [],
  },
  peers: { connected: 6, known: 6 },
  chain: { head: 200, cursor: 190, reachable: true },
  tasks: [],
  transport: {
    framesSent: 1,
    framesReceived: 1,
    bytesSent: 1,
    bytesReceived: 1,
    framesDropped: 0,
    refused: {},
  },
}

/** A node whose metrics are scraped, in good health to begin with. */
class Scraped {
  readonly scrapes: Scrape[] = []
  health: NodeHealth = HEALTHY
  readonly metrics = new NodeMetrics('1.2.3', () => 0)
  readonly log = this.metrics.tee(SILENT)
  readonly follow = new MetricsRegistry(FOLLOW_METRICS)

  constructor() {
    this.metrics.watch({ reorgDepth: 6, health: () => this.health })
    this.follow.set('rsdp_audit_up', 1)
    this.log.info('task.running', { task: '1', member: 2, members: 7 })
    this.scrape()
    this.scrape()
  }

  scrape(): void {
    const { samples } = parseMetrics(this.metrics.text() + this.follow.text())
    this.scrapes.push({ time: this.scrapes.length * STEP_SECONDS, samples })
  }

  firing(): string[] {
    return RULES.filter(({ expr }) => holds(expr, this.scrapes)).map(({ alert }) => alert)
  }
}

/** What makes each alert fire, and what must come just short of it. */
const CONDITIONS: Readonly<
  Record<string, { readonly bad: (node: Scraped) => void; readonly short?: (node: Scraped) => void }>
> = {
  RsdpNodeNotReady: { bad: (node) => (node.health = { ...HEALTHY, ready: false }) },
  RsdpChainUnreachable: {
    bad: (node) => (node.health = { ...HEALTHY, chain: { ...HEALTHY.chain, reachable: false } }),
  },
  RsdpOutboxStuck: { bad: (node) => (node.health = { ...HEALTHY, outbox: 1 }) },
  RsdpChainLag: {
    bad: (node) => (node.health = { ...HEALTHY, chain: { head: 227, cursor: 200, reachable: true } }),
    short: (node) => (node.health = { ...HEALTHY, chain: { head: 226, cursor: 200, reachable: true } }),
  },
  RsdpGasLow: {
    bad: (node) => node.metrics.balance(49n * 10n ** 15n),
    short: (node) => node.metrics.balance(50n * 10n ** 15n),
  },
  RsdpSlashed: { bad: (node) => node.log.info('member.convicted', { task: '1', member: 2, offence: 'E1' }) },
  RsdpMemberConvicted: {
    bad: (node) => node.log.info('member.convicted', { task: '1', member: 3, offence: 'E9' }),
  },
  RsdpDoubleSignRefused: { bad: (node) => node.log.error('signing.elsewhere', { task: '1' }) },
  RsdpPeersBelowQuorum: {
    bad: (node) => (node.health = { ...HEALTHY, peers: { connected: 3, known: 6 } }),
    // 5 of 7 are a quorum
    short: (node) => (node.health = { ...HEALTHY, peers: { connected: 4, known: 6 } }),
  },
  RsdpTaskFrozen: {
    bad: (node) => (node.health = { ...HEALTHY, tasks: [{ frozen: {}, status: 'DEBATE' } as never] }),
    short: (node) => (node.health = { ...HEALTHY, tasks: [{ frozen: null, status: 'DEBATE' } as never] }),
  },
  RsdpLieFound: { bad: (node) => node.follow.add('rsdp_audit_alarms_total', 1, { kind: 'finding' }) },
  RsdpAuditBlind: { bad: (node) => node.follow.set('rsdp_audit_up', 0) },
  RsdpWebhookFailed: {
    bad: (node) => node.follow.add('rsdp_audit_webhook_total', 1, { result: 'failed' }),
    short: (node) => node.follow.add('rsdp_audit_webhook_total', 1, { result: 'delivered' }),
  },
}

describe('alert rules', () => {
  it('are silent while all is well, and before anything is known', () => {
    const node = new Scraped()
    expect(node.firing()).deep.equal([])
    node.health = { ...HEALTHY, peers: { connected: 0, known: 0 } }
    node.scrape()
    expect(node.firing()).deep.equal([])
  })

  it('each has a condition here, a severity and a summary of one line', () => {
    expect(RULES.map(({ alert }) => alert).sort()).deep.equal(Object.keys(CONDITIONS).sort())
    for (const { labels, annotations, for: pause = '0s' } of RULES) {
      expect(labels.severity).match(/^(page|ticket|info)$/)
      expect(annotations.summary).match(/^[A-Z][^\n]{10,120}$/)
      expect(pause).match(/^\d+[smh]$/)
    }
  })

  for (const [alert, { bad, short }] of Object.entries(CONDITIONS)) {
    it(`${alert} fires on its condition, alone, and not short of it`, () => {
      const node = new Scraped()
      short?.(node)
      node.scrape()
      expect(node.firing()).deep.equal([])
      bad(node)
      node.scrape()
      expect(node.firing()).deep.equal([alert])
    })
  }

  it('one of an event fires no more once its window is over', () => {
    const node = new Scraped()
    CONDITIONS['RsdpSlashed']!.bad(node)
    node.scrape()
    for (let second = 0; second <= 3_600; second += STEP_SECONDS) node.scrape()
    expect(node.firing()).deep.equal([])
  })
})

describe('dashboards', () => {
  const files = readdirSync(DIR).filter((name) => name.endsWith('.json'))
  const panels = files.flatMap(
    (name) =>
      (
        JSON.parse(readFileSync(DIR + name, 'utf8')) as {
          readonly panels: readonly {
            readonly title: string
            readonly gridPos: { readonly x: number; readonly w: number }
            readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[]
          }[]
        }
      ).panels,
  )

  it('every expression there and in the rules parses, and asks for metrics that are served', () => {
    const expressions = [
      ...RULES.map(({ expr }) => expr),
      ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ]
    expect(expressions.length).least(40)
    for (const expression of expressions) {
      const names = metricsIn(expression)
      expect(names, expression).not.deep.equal([])
      for (const name of names) expect(SERVED.has(name), `${name} in ${expression}`).equal(true)
    }
  })

  it('between them they show every metric of the program itself', () => {
    const shown = new Set(panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr))))
    const known = Object.keys({ ...NODE_METRICS, ...FOLLOW_METRICS })
    const missing = known.filter(
      (name) => ![...shown].some((one) => one === name || one.startsWith(`${name}_`)),
    )
    expect(missing).deep.equal([
      'rsdp_build_info',
      'rsdp_tasks_finished_total',
      'rsdp_transitions_total',
      'rsdp_chain_head_block',
    ])
  })

  it('labels in legends and groupings are labels of the metric', () => {
    const specs: Readonly<Record<string, MetricSpec>> = {
      ...NODE_METRICS,
      ...PROCESS_METRICS,
      ...FOLLOW_METRICS,
    }
    for (const { expr, legendFormat } of panels.flatMap(({ targets }) => targets)) {
      const own = metricsIn(expr).flatMap((name) =>
        Object.keys(specs[name]?.labels ?? specs[name.replace(/_bucket$/, '')]?.labels ?? {}),
      )
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect([...own, 'instance'], `${legendFormat} of ${expr}`).include(label)
    }
  })

  it('an expression with a fault is refused', () => {
    expect(() => parsePromql('rsdp_node_ready == ==')).throw('no PromQL')
    expect(() => parsePromql('sum((rsdp_node_ready)')).throw('no PromQL')
  })
})
